// Which spans of a chain are rows, and what a row knows of those below it.
// Spans come parents first, so one pass forward or backward is enough.
import type { Outcome, Span } from './api.ts';

export const failed = (outcome: Outcome): boolean => outcome === 'error' || outcome === 'timeout';
export const troubled = (outcome: Outcome): boolean => failed(outcome) || outcome === 'soft_error';

export interface Tree {
  spans: Span[];
  keys: string[]; // of each span, also where several have one ID
  children: number[]; // how many each has
  below: number[]; // how many spans below each are troubled
  place: number[]; // of each among its siblings, from 1
  trouble: boolean[]; // whether each is troubled, or where that began
  attempts: Map<number, Attempt>; // of spans whose call was tried more than once
  end: number; // of the last span, in seconds
}

export interface Attempt { n: number; of: number }

/** treeOf spans; origins are troubled although their own outcome may not say so. */
export function treeOf(spans: Span[], origins: readonly number[] = []): Tree {
  const children = new Array<number>(spans.length).fill(0);
  const below = new Array<number>(spans.length).fill(0);
  const place = new Array<number>(spans.length).fill(1);
  const trouble = spans.map((s) => troubled(s.outcome));
  for (const o of origins) trouble[o] = true;
  const roots = { count: 0 };
  let end = 0;
  spans.forEach((span, i) => {
    end = Math.max(end, span.start + span.duration);
    place[i] = span.parent < 0 ? ++roots.count : ++children[span.parent]!;
  });
  for (let i = spans.length - 1; i >= 0; i--) {
    const { parent } = spans[i]!;
    if (parent >= 0) below[parent]! += below[i]! + (trouble[i] ? 1 : 0);
  }
  return { spans, keys: keysOf(spans), children, below, place, trouble, attempts: attemptsOf(spans), end };
}

const wentWell = ({ outcome }: Span): boolean => outcome === 'ok' || outcome === 'soft_error';

/** bareMethod names a call by nothing but its HTTP method: two of them may ask for different things. */
const bareMethod = /^(HTTP )?[A-Z]+$/;

/** attemptsOf one call: of one operation and kind under one parent, each begun after the one before it had ended badly. */
function attemptsOf(spans: Span[]): Map<number, Attempt> {
  const troubledParents = new Set(spans.filter((s) => !wentWell(s)).map((s) => s.parent));
  const runs = new Map<string, number[]>();
  const attempts = new Map<number, Attempt>();
  const close = (run: number[]) => run.length > 1 && run.forEach((span, i) => attempts.set(span, { n: i + 1, of: run.length }));
  spans.forEach((span, i) => {
    if (span.parent < 0 || !troubledParents.has(span.parent) || bareMethod.test(span.operation)) return;
    const key = JSON.stringify([span.parent, span.service, span.spanKind, span.operation]);
    const run = runs.get(key);
    const last = run && spans[run[run.length - 1]!]!;
    if (run && last && !wentWell(last) && span.start >= last.start + last.duration) run.push(i);
    else {
      if (run) close(run);
      if (run || !wentWell(span)) runs.set(key, [i]);
    }
  });
  for (const run of runs.values()) close(run);
  return attempts;
}

/** keysOf makes an ID that is there several times distinct: id, id.1, id.2. */
function keysOf(spans: Span[]): string[] {
  const seen = new Map<string, number>();
  return spans.map(({ id }) => {
    const n = seen.get(id) ?? 0;
    seen.set(id, n + 1);
    return n === 0 ? id : `${id}.${n}`;
  });
}

/** rows are the spans to show: not those below a closed one; with onlyTroubled, those that lead to a failure. */
export function rows(tree: Tree, closed: ReadonlySet<string>, onlyTroubled: boolean): number[] {
  const shown: number[] = [];
  let hiddenBelow = Infinity;
  tree.spans.forEach((span, i) => {
    if (span.depth > hiddenBelow) return;
    hiddenBelow = closed.has(tree.keys[i]!) ? span.depth : Infinity;
    if (!onlyTroubled || tree.trouble[i] || tree.below[i]! > 0) shown.push(i);
  });
  return shown;
}

/** opened is closed without what hides a span. */
export function opened(tree: Tree, closed: ReadonlySet<string>, span: number): Set<string> {
  const next = new Set(closed);
  for (let i = tree.spans[span]?.parent ?? -1; i >= 0; i = tree.spans[i]!.parent) next.delete(tree.keys[i]!);
  return next;
}

/** nextTrouble after a span, from the first again after the last; -1: there is none. */
export function nextTrouble(tree: Tree, after: number, step: 1 | -1 = 1): number {
  const n = tree.spans.length;
  for (let k = 1; k <= n; k++) {
    const i = (((after + step * k) % n) + n) % n;
    if (tree.trouble[i]) return i;
  }
  return -1;
}

/** ticks of an axis that ends at end: round steps, at most four. */
export function ticks(end: number): number[] {
  if (!(end > 0)) return [0];
  const raw = end / 3;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999) ?? raw;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** waiterOf a failure is the span that gave up waiting for it; -1: there is none. Of several with that ID, one that is troubled. */
export function waiterOf(tree: Tree, { waiterSpanId }: { waiterSpanId?: string }): number {
  if (!waiterSpanId) return -1;
  const all = tree.spans.flatMap((s, i) => (s.id === waiterSpanId ? [i] : []));
  return all.find((i) => tree.trouble[i]) ?? all[0] ?? -1;
}
