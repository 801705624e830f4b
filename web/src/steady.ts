// The order of rows while one looks at them.

/** steady keeps the order of before: figures change in place, what is new comes last, what is gone goes. */
export function steady<T>(before: T[], items: T[], keyOf: (item: T) => string): T[] {
  const fresh = new Map(items.map((item) => [keyOf(item), item]));
  const kept = before.map(keyOf).flatMap((key) => {
    const next = fresh.get(key);
    fresh.delete(key);
    return next === undefined ? [] : [next];
  });
  return [...kept, ...fresh.values()];
}

export interface Order<T> { question: string; rows: T[] }

/** ordered is what to show next; another question's answer has its own order, whatever is held. */
export function ordered<T>(before: Order<T>, next: Order<T>, keyOf: (item: T) => string, held: boolean): Order<T> {
  return held && before.question === next.question ? { ...next, rows: steady(before.rows, next.rows, keyOf) } : next;
}

const few = 6; // so that the graph is on the first screen
const most = 12; // of those that reached somebody

export interface Pressing<T> { open: T[]; handled: T[]; hidden: number }

/** pressing failures first: of those that nobody handled none is left out before there are twelve, handled ones fill what is left of six. */
export function pressing<T extends { failure: { handled: boolean } }>(groups: T[], all: boolean): Pressing<T> {
  const [open, handled] = [groups.filter((g) => !g.failure.handled), groups.filter((g) => g.failure.handled)];
  if (all) return { open, handled, hidden: 0 };
  const shown = { open: open.slice(0, most), handled: handled.slice(0, Math.max(0, few - open.length)) };
  return { ...shown, hidden: groups.length - shown.open.length - shown.handled.length };
}
