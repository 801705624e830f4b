// The spans of a chain as a tree grid. Only the rows that are seen are drawn,
// so that a chain of tens of thousands opens as fast as a small one.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Chain } from './api.ts';
import { duration } from './format.ts';
import { idle, useKeys } from './keys.ts';
import { type Tree, nextTrouble, rows as rowsOf, ticks } from './tree.ts';
import { OutcomeWord, StrengthWord } from './parts.tsx';
import { outcomeWord, tone } from './words.ts';

interface Props {
  chain: Chain; tree: Tree; closed: Set<string>; chosen: number; onlyTroubled: boolean;
  onChoose: (span: number) => void; onClose: (closed: Set<string>) => void;
  onShow?: (show: string) => void; // without it all is shown
  onEvidence?: (span: number) => void; // why a call is strong or weak
}

const spare = 4; // rows drawn beyond what is seen
const deepest = 24; // levels that are indented

export function SpanTree(props: Props) {
  const { chain, tree, closed, chosen, onlyTroubled, onChoose, onClose, onShow, onEvidence } = props;
  const shown = useMemo(() => rowsOf(tree, closed, onlyTroubled), [tree, closed, onlyTroubled]);
  const at = shown.indexOf(chosen);
  const { body, first, last, height, rowHeight, reveal } = useWindow(shown.length, at);
  useLayoutEffect(() => reveal(at), [at, shown]);
  const origins = useMemo(() => new Set(chain.origins.map((o) => o.span)), [chain]);
  const step = (by: number) => shown.length > 0 && onChoose(shown[Math.min(shown.length - 1, Math.max(0, at + by))]!);
  const error = (by: 1 | -1) => {
    const next = nextTrouble(tree, chosen, by);
    if (next >= 0) onChoose(next);
  };
  const walk = (by: 1 | -1) => {
    error(by);
    body.current?.focus({ preventScroll: true });
  };
  useEffect(() => {
    if (idle()) body.current?.focus({ preventScroll: true });
  }, []);
  const toggle = (span: number) => {
    const next = new Set(closed);
    if (!next.delete(tree.keys[span]!)) next.add(tree.keys[span]!);
    onClose(next);
  };
  const key = treeKeys({ tree, closed, chosen, step, toggle, onChoose });
  useKeys({ e: () => walk(1), E: () => walk(-1) });
  const troubles = tree.spans.length > 0 && nextTrouble(tree, 0) >= 0;
  return (
    <section class="spans" aria-label="Spans">
      <p class="bar">
        <button type="button" onClick={() => onClose(new Set(tree.keys.filter((_, i) => tree.children[i]! > 0 && tree.spans[i]!.depth > 0)))}>Close all</button>
        <button type="button" onClick={() => onClose(new Set())} disabled={closed.size === 0}>Open all</button>
        {troubles && onShow && <button type="button" aria-pressed={onlyTroubled} onClick={() => onShow(onlyTroubled ? '' : 'failed')}>Only what failed</button>}
        {troubles && <button type="button" onClick={() => error(1)} title="e">Next failed <kbd>e</kbd></button>}
      </p>
      <div class="treegrid" role="treegrid" aria-label="Spans of the chain" aria-rowcount={shown.length + 1} aria-colcount={6} tabIndex={0}
        aria-activedescendant={at >= first && at < last ? `row-${chosen}` : undefined} onKeyDown={key} ref={body}>
        <Axis end={tree.end} />
        <div class="rows" role="rowgroup" style={{ height: `${height}px` }}>
          {shown.slice(first, last).map((span, i) => (
            <Row key={span} chain={chain} tree={tree} span={span} index={first + i} top={(first + i) * rowHeight} chosen={span === chosen} origin={origins.has(span)}
              open={!closed.has(tree.keys[span]!)} onChoose={onChoose} onToggle={toggle} onEvidence={onEvidence} />
          ))}
        </div>
      </div>
    </section>
  );
}

const narrow = matchMedia('(max-width: 640px)');

/** useNarrow follows the window: on small screens a row has two lines. */
function useNarrow(): boolean {
  const [is, set] = useState(narrow.matches);
  useLayoutEffect(() => {
    const changed = () => set(narrow.matches);
    narrow.addEventListener('change', changed);
    return () => narrow.removeEventListener('change', changed);
  }, []);
  return is;
}

/** useWindow tells which rows are seen, and scrolls to one that is not. */
function useWindow(count: number, at: number) {
  const body = useRef<HTMLDivElement>(null);
  const rowHeight = useNarrow() ? 44 : 28;
  const [seen, setSeen] = useState(() => Math.ceil((0.6 * innerHeight) / rowHeight)); // about what the head leaves
  const [first, setFirst] = useState(() => firstOf(at - seen / 2, count, seen)); // about where reveal scrolls to
  const drawn = seen + 3 * spare;
  const show = (top: number) => setFirst((old) => (old <= top / rowHeight && top / rowHeight + seen <= old + drawn ? old : firstOf(top / rowHeight, count, seen)));
  useLayoutEffect(() => {
    const element = body.current!;
    const scroll = () => show(element.scrollTop);
    const observer = new ResizeObserver(() => setSeen((old) => near(Math.ceil(element.clientHeight / rowHeight), old)));
    element.addEventListener('scroll', scroll, { passive: true });
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', scroll);
      observer.disconnect();
    };
  }, [rowHeight, seen, count]);
  const reveal = (row: number) => {
    const element = body.current;
    if (!element) return;
    if (row < 0) return show(element.scrollTop);
    const head = element.firstElementChild!.clientHeight;
    const [from, to] = [row * rowHeight, (row + 1) * rowHeight];
    const room = element.clientHeight - head;
    if (from < element.scrollTop) element.scrollTop = Math.max(0, from - (element.scrollTop - from > room ? room / 3 : 0));
    else if (to > element.scrollTop + room) element.scrollTop = to - room + (to - element.scrollTop > 2 * room ? room / 2 : 0);
    show(element.scrollTop);
  };
  return { body, first, last: Math.min(count, first + drawn), height: count * rowHeight, rowHeight, reveal };
}

/** firstOf the rows to draw, in steps, so that a small scroll draws nothing anew. */
const firstOf = (row: number, count: number, seen: number): number => Math.floor(Math.max(0, Math.min(row - spare, count - seen)) / spare) * spare;

/** near keeps a guess that is good enough: drawing anew costs more than a few rows too many. */
const near = (real: number, guess: number): number => (real <= guess && guess - real <= 2 * spare ? guess : real);

interface KeyContext { tree: Tree; closed: Set<string>; chosen: number; step: (by: number) => void; toggle: (span: number) => void; onChoose: (span: number) => void }

/** treeKeys are those of a tree grid: left closes or goes up, right opens or goes down. */
function treeKeys({ tree, closed, chosen, step, toggle, onChoose }: KeyContext) {
  const isClosed = closed.has(tree.keys[chosen] ?? '');
  const branch = (tree.children[chosen] ?? 0) > 0;
  const parent = tree.spans[chosen]?.parent ?? -1;
  const acts: Record<string, () => unknown> = {
    ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => step(15), PageUp: () => step(-15), Home: () => step(-Infinity), End: () => step(Infinity),
    ArrowLeft: () => (branch && !isClosed ? toggle(chosen) : parent >= 0 && onChoose(parent)),
    ArrowRight: () => (branch && isClosed ? toggle(chosen) : branch && step(1)),
    Enter: () => branch && toggle(chosen), ' ': () => branch && toggle(chosen),
  };
  return (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return;
    event.preventDefault();
    acts[event.key]!();
  };
}

function Axis({ end }: { end: number }) {
  return (
    <div class="row axis" role="row" aria-rowindex={1}>
      <span role="columnheader">Operation</span><span role="columnheader" class="service">Service</span><span role="columnheader" class="ending">Outcome</span>
      <span role="columnheader" class="number start">Start</span><span role="columnheader" class="number">Took</span>
      <span role="columnheader" class="line" aria-label="Timeline">
        {ticks(end).filter((t) => t <= end * 0.93).map((t) => <i key={t} style={{ left: `${end > 0 ? (100 * t) / end : 0}%` }}>{duration(t)}</i>)}
      </span>
    </div>
  );
}

/** odd leaves out what is usual: a database sends no spans. */
const odd = (problem: string): boolean => problem !== 'no server';

interface RowProps {
  chain: Chain; tree: Tree; span: number; index: number; top: number; chosen: boolean; origin: boolean; open: boolean;
  onChoose: (span: number) => void; onToggle: (span: number) => void; onEvidence: ((span: number) => void) | undefined;
}

function Row({ chain, tree, span: i, index, top, chosen, origin, open, onChoose, onToggle, onEvidence }: RowProps) {
  const span = tree.spans[i]!;
  const service = chain.services[span.service]?.service ?? '';
  const branch = tree.children[i]! > 0;
  const siblings = span.parent >= 0 ? tree.children[span.parent] : undefined;
  const attempt = tree.attempts.get(i);
  const hidden = !open && tree.below[i]! > 0 ? tree.below[i]! : 0;
  return (
    <div id={`row-${i}`} role="row" class={`row ${tone(span.outcome)}${chosen ? ' chosen' : ''}`} style={{ transform: `translateY(${top}px)` }} aria-rowindex={index + 2}
      aria-level={span.depth + 1} aria-posinset={tree.place[i]} aria-setsize={siblings} aria-expanded={branch ? open : undefined} aria-selected={chosen} onClick={() => onChoose(i)}>
      <span role="gridcell" class="operation" style={{ '--depth': Math.min(span.depth, deepest) }} title={`${service} · ${span.operation}`}>
        <span class={`caret${branch ? '' : ' leaf'}`} aria-hidden="true" onClick={(e) => { if (branch) { e.stopPropagation(); onToggle(i); } }}>{branch ? (open ? '▾' : '▸') : ''}</span>
        <bdi>{span.operation || '(no name)'}</bdi>
        {origin && <span class={`tag ${tone(span.outcome)}`}>origin</span>}
        {attempt && <span class="tag">attempt {attempt.n}/{attempt.of}</span>}
        {span.strength && span.strength !== 'unknown' && <span class={`tag verdict${onEvidence ? ' press' : ''}`} onClick={(e) => { if (onEvidence) { e.stopPropagation(); onEvidence(i); } }}><StrengthWord strength={span.strength} /></span>}
        {hidden > 0 && <span class="tag bad">{hidden} failed inside</span>}
        {span.problems.filter(odd).map((p) => <span key={p} class="tag odd">{p}</span>)}
      </span>
      <span role="gridcell" class="service" title={service} style={{ '--depth': Math.min(span.depth, deepest) }}><bdi>{service}</bdi>{span.spanKind && <small>{span.spanKind}</small>}</span>
      <span role="gridcell" class="ending">{span.outcome === 'ok' ? <span class="hidden">{outcomeWord.ok}</span> : <OutcomeWord outcome={span.outcome} />}</span>
      <span role="gridcell" class="number start">{duration(span.start)}</span>
      <span role="gridcell" class="number took">{duration(span.duration)}</span>
      <span role="gridcell" class="line" aria-label={`from ${duration(span.start)} for ${duration(span.duration)}`}><i class={tone(span.outcome)} style={bar(span.start, span.duration, tree.end)} /></span>
    </div>
  );
}

const bar = (start: number, took: number, end: number) =>
  end > 0 ? { left: `${Math.max(0, (100 * start) / end)}%`, width: `${Math.max(0, (100 * took) / end)}%` } : { left: '0', width: '100%' };
