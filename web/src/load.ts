// Asking the API from a view: the answer to the newest question wins, the last
// good answer stays until the next one is there, and a live one is asked again.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Problem, Question } from './api.ts';
import { renewed } from './pages.ts';
import { reachable } from './state.ts';
import { type Order, ordered } from './steady.ts';

export interface Load<T> {
  value: T | undefined;
  problem: Problem | undefined;
  busy: boolean;
  fresh: boolean; // the value answers the question as it is now
  answers: string; // the key of the question that the value answers
}

interface Held<T> { key: string; value?: T | undefined; problem?: Problem | undefined }

/** useLoad asks whenever key changes, and again every so many milliseconds while the page is seen, and where version changes: the answer then is another; null asks nothing. */
export function useLoad<T>(key: string | null, question: Question<T>, every = 0, version = 0): Load<T> {
  const [held, setHeld] = useState<Held<T>>({ key: '' });
  const [busy, setBusy] = useState(key !== null);
  const latest = useRef(question);
  latest.current = question;
  useLayoutEffect(() => { // not after the first paint: the answer is what is waited for
    if (key === null) return;
    return repeat(every, async (signal) => {
      setBusy(true);
      const answer = await latest.current(signal);
      if (signal.aborted) return;
      setBusy(false);
      reachable.value = answer.ok || answer.problem.status !== 0;
      setHeld((old) => (answer.ok ? { key, value: answer.value } : failed(old, key, answer.problem)));
    });
  }, [key, every, version]);
  return { value: held.value, problem: held.key === key ? held.problem : undefined, busy, fresh: held.key === key, answers: held.key };
}

/** failed keeps the last good answer. That the collector is away is told once, in the header: what one reads must not move. */
function failed<T>(old: Held<T>, key: string, problem: Problem): Held<T> {
  if (old.key !== key || old.value === undefined) return { key, problem };
  return problem.status === 0 ? old : { ...old, problem };
}

/** usePages asks for the first page and those after it, one by one, until there are as many as wanted. Another key begins anew. Every tells after how many milliseconds what is shown is asked for again; 0: never. */
export function usePages<T extends { cursor: string }>(key: string, ask: (cursor: string) => Question<T>, wanted: number, every: (pages: T[]) => number): { pages: T[]; problem: Problem | undefined; busy: boolean } {
  const [held, setHeld] = useState<{ key: string; pages: T[]; problem?: Problem }>({ key, pages: [] });
  const pages = held.key === key ? held.pages : [];
  const problem = held.key === key ? held.problem : undefined;
  const cursor = pages.length === 0 ? '' : pages[pages.length - 1]!.cursor;
  const busy = pages.length < wanted && (pages.length === 0 || cursor !== '') && !problem;
  useLayoutEffect(() => {
    if (!busy) return;
    const stop = new AbortController();
    void ask(cursor)(stop.signal).then((answer) => {
      if (stop.signal.aborted) return;
      reachable.value = answer.ok || answer.problem.status !== 0;
      setHeld(answer.ok ? { key, pages: [...pages, answer.value] } : { key, pages, problem: answer.problem });
    });
    return () => stop.abort();
  }, [key, wanted, pages.length]);
  const latest = useRef({ pages, ask });
  latest.current = { pages, ask };
  const pace = busy || pages.length === 0 ? 0 : every(pages);
  useLayoutEffect(() => {
    if (pace === 0) return;
    return repeat(pace, async (signal) => {
      const answer = await renewed(latest.current.pages, (cursor) => latest.current.ask(cursor)(signal));
      if (signal.aborted) return;
      reachable.value = answer.ok || answer.problem.status !== 0;
      if (answer.ok) setHeld({ key, pages: answer.value });
      else if (answer.problem.status === 404) setHeld({ key, pages: [], problem: answer.problem });
    }, true);
  }, [key, pace, pages.length]);
  return { pages, problem, busy };
}

/** repeat runs task now (or later: at first after a pause) and every so often, never twice at once, until the answer is called. */
export function repeat(every: number, task: (signal: AbortSignal) => Promise<void>, later = false): () => void {
  const stop = new AbortController();
  let timer = 0;
  const run = async () => {
    clearTimeout(timer);
    timer = 0;
    await task(stop.signal);
    if (every > 0 && !stop.signal.aborted) timer = window.setTimeout(seen, every);
  };
  const seen = () => {
    if (document.hidden) timer = -1; // due: run when the page is looked at
    else void run();
  };
  const back = () => {
    if (!document.hidden && timer === -1) void run();
  };
  document.addEventListener('visibilitychange', back);
  if (later) timer = window.setTimeout(seen, every);
  else void run();
  return () => {
    stop.abort();
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', back);
  };
}

/** useSteady keeps the order of the rows that answer a question while held is true. keyOf must not depend on the answer. */
export function useSteady<T>(question: string, rows: T[], keyOf: (item: T) => string, held: boolean): T[] {
  const shown = useRef<Order<T>>({ question, rows });
  shown.current = ordered(shown.current, { question, rows }, keyOf, held);
  return shown.current.rows;
}

/** useHover says whether the pointer or the keyboard is inside an element. */
export function useHover(): [boolean, Record<string, () => void>] {
  const [inside, setInside] = useState(false);
  const enter = () => setInside(true);
  const leave = () => setInside(false);
  return [inside, { onPointerEnter: enter, onPointerLeave: leave, onFocusIn: enter, onFocusOut: leave }];
}

/** useWidth of an element, before the first paint already. */
export function useWidth(guess: number): [{ current: HTMLDivElement | null }, number] {
  const ref = useRef<HTMLDivElement | null>(null);
  const [width, setWidth] = useState(guess);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
