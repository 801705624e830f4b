// A logical chain over time on one line. Its chains take moments and the waits
// between them hours: the longest waits are cut out and told as text, what lies
// between two of them is a run, drawn to scale.

/** Stretch is a chain on the line, in seconds. */
export interface Stretch { start: number; end: number }

export interface Mark { item: number; left: number; width: number; lane: number } // left and width are shares of the run
export interface Run { kind: 'run'; start: number; end: number; marks: Mark[]; lanes: number; share: number }
export interface Wait { kind: 'wait'; seconds: number }

export const mostLanes = 4; // what overlaps more is drawn on the last one

/** strip cuts stretches, by rising start, into runs with at most so many waits between; shares of runs add up to 1. */
export function strip(stretches: Stretch[], waits: number): (Run | Wait)[] {
  const cuts = cutsOf(stretches, waits);
  const runs: Run[] = [];
  const parts: (Run | Wait)[] = [];
  let from = 0;
  for (const to of [...cuts, stretches.length]) {
    if (to === from) continue;
    const run = runOf(stretches, from, to);
    const before = runs[runs.length - 1];
    if (before) parts.push({ kind: 'wait', seconds: run.start - before.end });
    runs.push(run);
    parts.push(run);
    from = to;
  }
  const weigh = ({ start, end, marks }: Run) => Math.log10(10 + (end - start)) * Math.sqrt(marks.length);
  const all = runs.reduce((sum, r) => sum + weigh(r), 0);
  for (const run of runs) run.share = weigh(run) / all;
  return parts;
}

/** cutsOf are the stretches before which one waits. As many of the longest waits are cut out as stand out: the next one is less than half as long. */
function cutsOf(stretches: Stretch[], most: number): number[] {
  const gaps: { before: number; seconds: number }[] = [];
  let end = stretches[0]?.end ?? 0;
  stretches.forEach((s, i) => {
    if (s.start > end) gaps.push({ before: i, seconds: s.start - end });
    end = Math.max(end, s.end);
  });
  const least = typical(stretches);
  const waits = gaps.filter((g) => g.seconds > least).sort((a, b) => b.seconds - a.seconds);
  let cut = Math.min(most, waits.length);
  while (cut > 0 && waits[cut] && waits[cut - 1]!.seconds < 2 * waits[cut]!.seconds) cut--;
  return waits.slice(0, cut).map((g) => g.before).sort((a, b) => a - b);
}

/** typical stretch: a wait shorter than that is seen as it is. */
function typical(stretches: Stretch[]): number {
  const lengths = stretches.map((s) => s.end - s.start).sort((a, b) => a - b);
  return lengths[lengths.length >> 1] ?? 0;
}

function runOf(stretches: Stretch[], from: number, to: number): Run {
  const start = stretches[from]!.start;
  const end = stretches.slice(from, to).reduce((last, s) => Math.max(last, s.end), start);
  const room = end - start;
  const busy: number[] = []; // until when, of each lane
  const marks = stretches.slice(from, to).map((s, i): Mark => {
    const free = busy.findIndex((until) => until <= s.start);
    const lane = free >= 0 ? free : Math.min(busy.length, mostLanes - 1);
    busy[lane] = Math.max(busy[lane] ?? 0, s.end);
    return { item: from + i, lane, left: room > 0 ? (s.start - start) / room : 0, width: room > 0 ? (s.end - s.start) / room : 1 };
  });
  return { kind: 'run', start, end, marks, lanes: Math.max(1, busy.length), share: 0 };
}

const many = 12; // waits, of which only those are told that stand out

/** noticeable wait in a list of chains, in seconds: where hours pass seconds are not told, and where one always waits that is not. */
export function noticeable(waits: number[], whole: number): number {
  const least = Math.min(60, Math.max(1, whole / 50));
  const real = waits.filter((w) => w > 0).sort((a, b) => a - b);
  return real.length > many ? Math.max(least, 3 * real[real.length >> 1]!) : least;
}
