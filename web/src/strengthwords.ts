// The words for how strong a dependency is, said once. A strength is told by
// its word and its sign: filled is strong, empty is weak, half is both.
import type { Basis, EvidenceSource, FailureClass, Ratio, Strength, Verdict } from './api.ts';

export const strengthSign: Record<Strength, string> = { strong: '■', weak: '□', conditional: '◧', unknown: '·' };

export const strengthMeaning: Record<Strength, string> = {
  strong: 'When the call fails, the calls after it are not made.',
  weak: 'When the call fails, some or all of the calls after it are still made.',
  conditional: 'Sometimes one, sometimes the other: often one for one class of failure and the other for another.',
  unknown: 'Too little evidence, or evidence that does not agree enough.',
};

/** meaningOf a strength by what it was judged by. */
export function meaningOf(strength: Strength, basis: Basis): string {
  if (basis !== 'propagation') return strengthMeaning[strength];
  return { ...strengthMeaning, strong: 'When the call fails, its caller fails too.', weak: 'When the call fails, its caller does not.' }[strength];
}

export const strengths: Strength[] = ['strong', 'conditional', 'weak', 'unknown'];

/** strengthRank sorts the strong first, what is no call last. */
export const strengthRank = (s: Strength | ''): number => (s === '' ? strengths.length : strengths.indexOf(s));

export const classWord: Record<FailureClass, string> = {
  error: 'errors', timeout: 'timeouts', soft_error: 'soft errors', shed_load: 'shed load', rejected: 'rejections',
};

export const classMeaning: Record<FailureClass, string> = {
  error: 'The callee failed, or the way to it.',
  timeout: 'Time ran out.',
  soft_error: 'The call succeeded, its business did not.',
  shed_load: 'The callee refused the load: 429, RESOURCE_EXHAUSTED.',
  rejected: 'The caller’s fault: 4xx, INVALID_ARGUMENT, NOT_FOUND and such. No part of the verdict on the call.',
};

export const sourceWords: Record<EvidenceSource, string> = {
  observed: 'from failures that happened by themselves',
  injected: 'from failures that were made on purpose, which override what happened by itself',
  declared: 'by the configuration, whatever was seen',
};

export const basisWords: Record<Basis, string> = {
  successors: 'whether the calls that usually follow were made after a failure',
  propagation: 'whether the caller failed too, because no call usually follows',
  none: 'no failure was seen whole, or no success to compare it with',
};

/** judgedWords are what a verdict looks at and where that is from. */
export function judgedWords({ source, basis, classes }: Pick<Verdict, 'source' | 'basis' | 'classes'>, days: string): string {
  if (source === 'declared') return `Declared ${sourceWords.declared}.`;
  if (classes.length === 0) return basis === 'none' ? 'Nothing to judge yet: no failure was seen whole.' : `No failure was seen whole yet. One will be judged by ${basisWords[basis]}.`;
  return basis === 'none' ? `Not judged: ${basisWords.none}.` : `Judged by ${basisWords[basis]}, ${sourceWords[source]}, in the last ${days}.`;
}

/** wentWords name what a basis counts after a failure: as a head, where it happened, and where not. */
export const wentWords: Record<Basis, { head: string; yes: string; no: string }> = {
  successors: { head: 'Went on', yes: 'went on', no: 'did not go on' },
  propagation: { head: 'Caller did not fail', yes: 'caller did not fail', no: 'caller failed' },
  none: { head: 'Went on', yes: 'went on', no: 'did not go on' },
};

/** terms of the page of a dependency, for who reads it the first time. */
export const terms: [string, string][] = [
  ['went on', 'After the call failed, its caller made at least one of the calls that usually follow. Failed later: it went on and failed nevertheless.'],
  ['basis', 'What a verdict looks at: whether the calls that usually follow were made; of a call that nothing follows, whether its caller failed too.'],
  ['class', 'A caller may pass over a fast error and be cut by a timeout, so each class of failure has a verdict of its own. Strong for one and weak for another is conditional.'],
  ['ratio', 'The share of failures after which it went on, divided by that share after successes. 0: a failure stops everything. 1: it changes nothing. Few failures give a wide interval and no verdict.'],
  ['successes', 'Calls that went well in requests that were picked when they began. What was kept because it failed or was slow is no fair sample and is not compared with.'],
  ['what follows', 'Calls of the same caller that begin after this one ended, after at least a fifth of its successes. What runs beside it does not count.'],
  ['fallback', 'A call that is made only after this one failed, in its place. It is told, and makes no verdict.'],
  ['whole chains', 'Requests of which every span is stored, read back once they were quiet. They tell what became of the request; the verdict does not depend on them.'],
  ['can stop', 'Requests a second that come in and would end: the calls a second, times the share of failures that ended the request, less what fails anyway or what other failures explain.'],
  ['source', 'Observed: from failures that happened. Injected: from spans marked jcg.injected, by a chaos test. Declared: said in the configuration. The later overrides the earlier.'],
];

/** reasonWords say why something gave no evidence. */
export const reasonWords: Record<string, string> = {
  incomplete: 'spans of the caller were missing: a lost span looks as if a call had not been made',
  unstated: 'the caller’s SDK did not state how many spans there were',
  gone: 'the span of the request did not arrive in time',
  aborted: 'the call was cancelled, or had not ended when its caller did',
  mixed: 'of calls that ran side by side only some failed',
  biased: 'went well and was kept for a failure elsewhere: no fair sample',
  crowded: 'other calls of the caller beyond the bound of what is kept',
};

export const ratioMarks = { strong: 0.2, weak: 0.5 }; // below and above which a verdict is

/** ratioText is an estimate with its interval: "0.02 (0.00–0.09)". */
export const ratioText = ({ estimate, low, high }: Ratio): string => `${figure(estimate)} (${figure(low)}–${figure(high)})`;

const figure = (x: number): string => (x >= 9.95 ? Math.round(x).toString() : x >= 0.995 ? x.toFixed(1) : x.toFixed(2));

export const scaleEnd = 1.25; // of the bar: a ratio of 1 says that a failure changes nothing

/** onScale is where on the bar a ratio lies, from 0 to 1. */
export const onScale = (ratio: number): number => (Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio / scaleEnd)) : 1);
