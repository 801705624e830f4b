// What a search can't mean, told of every field at once; the server, which asks
// for the same, names one at a time.

/** Wrong is what each field must be, by its name. */
export type Wrong = Record<string, string>;

interface Conditions { minDuration: string; maxDuration: string; attribute: string[] }

const isDuration = 'must be a duration such as 100us, 1.5s or 2h, not negative';
const parts = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const seconds: Record<string, number> = { ns: 1e-9, us: 1e-6, 'µs': 1e-6, 'μs': 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** secondsOf a duration as Go writes it; NaN: it is none. */
export function secondsOf(text: string): number {
  const plain = text.replace(/^\+/, '');
  if (plain === '0') return 0;
  if (plain === '' || plain.replace(parts, '') !== '') return NaN;
  return [...plain.matchAll(parts)].reduce((sum, [, n, unit]) => sum + Number(n) * seconds[unit!]!, 0);
}

export function wrongIn({ minDuration, maxDuration, attribute }: Conditions): Wrong {
  const wrong: Wrong = {};
  const [least, most] = [secondsOf(minDuration), secondsOf(maxDuration)];
  if (minDuration && Number.isNaN(least)) wrong.minDuration = isDuration;
  if (maxDuration && Number.isNaN(most)) wrong.maxDuration = isDuration;
  if (most > 0 && most < least) wrong.maxDuration = 'must not be less than the least duration';
  if (attribute.some((pair) => pair.indexOf('=') < 1)) wrong.attribute = 'must be key=value, one on each line';
  return wrong;
}
