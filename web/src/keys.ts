// Keys that work anywhere on a page, except where something is typed.
import { type RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

const typing = 'input, textarea, select, [contenteditable]';

/** idle: nothing has the keyboard yet. */
export const idle = (): boolean => !document.activeElement || document.activeElement === document.body || document.activeElement.matches('main');

/** useKeys does what a key stands for; one that says false leaves the key to the browser. */
export function useKeys(keys: Record<string, () => unknown>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useLayoutEffect(() => { // at once: a key may come before the first paint
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest(typing)) return;
      const act = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      if (!act) return;
      if (act() !== false) event.preventDefault();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}

/** useWalk lets up and down go from one link of a list to the next; the first press enters the list. */
export function useWalk(list: RefObject<HTMLElement | null>, links: string): void {
  const step = (by: 1 | -1) => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>(links) ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (at < 0 && !idle()) return false;
    all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
    return all.length > 0;
  };
  useKeys({ ArrowDown: () => step(1), ArrowUp: () => step(-1) });
}
