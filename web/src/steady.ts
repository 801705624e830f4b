// The order of rows while one looks at them.

/** steady keeps the order of before: figures change in place, what is new comes last, what left stays. */
export function steady<T>(before: T[], items: T[], keyOf: (item: T) => string): T[] {
  const fresh = new Map(items.map((item) => [keyOf(item), item]));
  const kept = before.map((item) => {
    const key = keyOf(item);
    const next = fresh.get(key) ?? item;
    fresh.delete(key);
    return next;
  });
  return [...kept, ...fresh.values()];
}
