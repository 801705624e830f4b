// A table whose heads sort it. Numbers stand on the right.
import type { ComponentChildren } from 'preact';

export interface Column<T> {
  id: string;
  head: string;
  meaning?: string;
  number?: boolean;
  cell: (row: T) => ComponentChildren;
  by: (row: T) => number | string; // what to sort by
}

interface Props<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
  sort?: string; // a column's id, "-" before it: greatest first
  onSort?: (sort: string) => void;
  marked?: string | undefined;
  onRow?: (row: T) => void; // a press anywhere in it; what can be pressed inside goes before
}

export function Table<T>({ caption, columns, rows, keyOf, sort = '', onSort, marked, onRow }: Props<T>) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead><tr>{columns.map((column) => <Head key={column.id} column={column} sort={sort} onSort={onSort} />)}</tr></thead>
        <tbody>
          {sorted(rows, columns, sort).map((row) => (
            <tr key={keyOf(row)} class={(onRow ? 'press' : '') + (keyOf(row) === marked ? ' marked' : '')} onClick={(e) => beside(e) && onRow?.(row)}>
              {columns.map((column, i) => (i === 0
                ? <th key={column.id} scope="row">{column.cell(row)}</th>
                : <td key={column.id} class={column.number ? 'number' : ''}>{column.cell(row)}</td>))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** beside what can be pressed itself, and not to mark text. */
const beside = (event: MouseEvent): boolean => !(event.target as Element).closest('a, button') && getSelection()?.isCollapsed !== false;

function Head<T>({ column, sort, onSort }: { column: Column<T>; sort: string; onSort: ((sort: string) => void) | undefined }) {
  const direction = sort === column.id ? 'ascending' : sort === '-' + column.id ? 'descending' : undefined;
  const next = direction === undefined ? (column.number ? '-' : '') + column.id : direction === 'ascending' ? '-' + column.id : column.id;
  return (
    <th scope="col" class={column.number ? 'number' : ''} aria-sort={direction ?? 'none'} title={column.meaning}>
      {onSort ? <button type="button" onClick={() => onSort(next)}>{column.head}<span aria-hidden="true" class="sign">{direction === 'ascending' ? '↑' : direction === 'descending' ? '↓' : ''}</span></button> : column.head}
    </th>
  );
}

function sorted<T>(rows: T[], columns: Column<T>[], sort: string): T[] {
  const column = columns.find((c) => c.id === sort.replace(/^-/, ''));
  if (!column) return rows;
  const sign = sort.startsWith('-') ? -1 : 1;
  const order = (a: T, b: T) => {
    const [x, y] = [column.by(a), column.by(b)];
    return x < y ? -sign : x > y ? sign : 0;
  };
  return [...rows].sort(order);
}
