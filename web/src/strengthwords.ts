// The words for how strong a dependency is, said once. A strength is told by
// its word and its sign: filled is strong, empty is weak, half is both.
import type { Basis, EvidenceSource, FailureClass, Ratio, Strength } from './api.ts';

export const strengthSign: Record<Strength, string> = { strong: '■', weak: '□', conditional: '◧', unknown: '·' };

export const strengthMeaning: Record<Strength, string> = {
  strong: 'When the call fails, the calls after it are not made.',
  weak: 'When the call fails, some or all of the calls after it are still made.',
  conditional: 'Sometimes one, sometimes the other: often one for one class of failure and the other for another.',
  unknown: 'Too little evidence, or evidence that does not agree enough.',
};

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
  injected: 'from failures that were made on purpose',
  declared: 'because the configuration says so',
};

export const basisWords: Record<Basis, string> = {
  successors: 'whether the calls that usually follow were made after a failure',
  propagation: 'whether the caller failed too, because no call usually follows',
  none: 'no failure was seen whole, or no success to compare it with',
};

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
