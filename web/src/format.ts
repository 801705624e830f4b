// How numbers and times are written: short, with a unit, of one width where
// digits are tabular. Pure: the clock is a parameter.

const NBSP = '\u00a0';
export const NONE = '–';

/** short keeps two significant digits below ten and whole numbers above. */
function short(value: number): string {
  return value < 9.95 ? value.toFixed(1) : Math.round(value).toString();
}

const exact = (value: number): string => (Number.isInteger(value) && value < 10 ? value.toString() : short(value));

/** duration of seconds: 850 µs, 1.2 ms, 12 s, 1 min 5 s. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NONE;
  if (seconds < 0) return '−' + duration(-seconds);
  if (seconds === 0) return '0' + NBSP + 'ms';
  if (seconds < 0.9995e-6) return Math.round(seconds * 1e9) + NBSP + 'ns';
  if (seconds < 0.9995e-3) return short(seconds * 1e6) + NBSP + 'µs';
  if (seconds < 0.9995) return short(seconds * 1e3) + NBSP + 'ms';
  if (seconds < 59.5) return short(seconds) + NBSP + 's';
  return long(Math.round(seconds));
}

const steps: [number, string][] = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

/** long names the two greatest units of at least a minute. */
function long(seconds: number): string {
  const at = steps.findIndex(([size]) => seconds >= size);
  const [size, unit] = steps[at]!;
  const below = steps[at + 1];
  const rest = below ? Math.floor((seconds % size) / below[0]) : 0;
  return Math.floor(seconds / size) + NBSP + unit + (rest && below ? NBSP + rest + NBSP + below[1] : '');
}

/** rate of calls a second, a minute or an hour, whichever reads as a number. */
export function rate(perSecond: number): string {
  if (perSecond <= 0) return '0/s';
  if (perSecond >= 999.5) return compact(perSecond) + '/s';
  if (perSecond >= 0.095) return exact(perSecond) + '/s';
  if (perSecond * 60 >= 0.095) return exact(perSecond * 60) + '/min';
  return exact(Math.max(perSecond * 3600, 0.1)) + '/h';
}

const few = 10;

/** frequency is a rate, or the calls themselves where they are too few for one. */
export const frequency = ({ calls, rate: perSecond }: { calls: number; rate: number }): string =>
  calls < few ? plural(calls, 'call').replace(' ', NBSP) : rate(perSecond);

/** percent that is 0 or 100 only where it is exactly that. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return NONE;
  const p = (100 * part) / whole;
  if (part <= 0) return '0' + NBSP + '%';
  if (p < 0.1) return '<' + NBSP + '0.1' + NBSP + '%';
  if (p < 100 && p > 99.5) return '>' + NBSP + '99' + NBSP + '%';
  return short(Math.min(p, 100)) + NBSP + '%';
}

/** count with its thousands apart; Intl would cost 40 ms at its first use. */
export const count = (n: number): string => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ',');

/** compact is for tight places: 999, 1.2 k, 34 M. */
export function compact(n: number): string {
  if (n < 999.5) return Math.round(n).toString();
  if (n < 999.5e3) return short(n / 1e3) + NBSP + 'k';
  if (n < 999.5e6) return short(n / 1e6) + NBSP + 'M';
  return short(n / 1e9) + NBSP + 'G';
}

export const plural = (n: number, one: string, many = one + 's'): string => `${count(n)} ${n === 1 ? one : many}`;

/** ago in one unit, so that lists stay narrow. */
export function ago(then: string, now: number): string {
  const seconds = (now - Date.parse(then)) / 1000;
  if (Number.isNaN(seconds)) return NONE;
  if (seconds < 1) return 'now';
  const [size, unit] = steps.find(([s]) => seconds >= s)!;
  return Math.floor(seconds / size) + NBSP + unit + NBSP + 'ago';
}

const two = (n: number): string => n.toString().padStart(2, '0');

/** clock is local time of day to the millisecond, with the day where it is another. */
export function clock(time: string, now: number): string {
  const t = new Date(time);
  if (Number.isNaN(t.getTime())) return NONE;
  const day = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
  const hour = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}.${t.getMilliseconds().toString().padStart(3, '0')}`;
  return t.toDateString() === new Date(now).toDateString() ? hour : `${day} ${hour}`;
}

const relative = /^-(\d+)(s|m|h|d)$/;
const units: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day' };

/** span of time that a window's text means, for a sentence: "last 15 minutes". */
export function windowName(from: string, to: string, now: number): string {
  const match = relative.exec(from);
  if (!match || (to !== '' && to !== 'now')) return `${moment(from, now) || 'an hour before'} to ${moment(to, now) || 'now'}`;
  const days = match[2] === 'h' && Number(match[1]) > 24 && Number(match[1]) % 24 === 0;
  const [n, unit] = days ? [Number(match[1]) / 24, 'day'] : [Number(match[1]), units[match[2]!]];
  return n === 1 ? `last ${unit}` : `last ${n} ${unit}s`;
}

/** moment is a time as text where it is absolute, and what was given where it is relative. */
const moment = (time: string, now: number): string => (/^\d{4}-/.test(time) ? clock(time, now).replace(/\.000$/, '') : time);

/** during a window, to end a sentence with. */
export const during = (from: string, to: string, now: number): string => {
  const name = windowName(from, to, now);
  return name.startsWith('last ') ? `in the ${name}` : `from ${name}`;
};

/** live windows move with the clock. */
export const live = (to: string): boolean => to === '' || to === 'now';

/** shortOperation keeps a route's end, which tells more than how it begins: "GET …/seats/left". */
export function shortOperation(name: string, room: number): string {
  const slash = name.indexOf('/');
  if (name.length <= room || slash < 0) return name;
  const method = name.slice(0, slash);
  const parts = name.slice(slash + 1).split('/');
  for (let from = 1; from < parts.length; from++) {
    const tail = `${method}…/${parts.slice(from).join('/')}`;
    if (tail.length <= room || from === parts.length - 1) return tail;
  }
  return name;
}

/** stretch of time between two moments: days where there are some. */
export function stretch(from: string, to: string): string {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return seconds >= 2 * 86400 ? plural(Math.round(seconds / 86400), 'day').replace(' ', NBSP) : duration(seconds);
}
