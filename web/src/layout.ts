// Where the nodes of a graph stand: columns from caller to callee, rows that
// cross little. The same graph always looks the same, and a graph that grew
// keeps the places of what was there.

export interface Link { caller: number; callee: number }

/** depths is each node's column: the longest way from a node that nothing calls; calls that close a circle don't count. */
export function depths(names: string[], links: Link[]): number[] {
  const out = adjacency(names, links);
  const called = new Set(links.filter((l) => l.caller !== l.callee).map((l) => l.callee));
  const byName = names.map((_, i) => i).sort((a, b) => compare(names[a]!, names[b]!));
  const starts = [...byName.filter((i) => !called.has(i)), ...byName.filter((i) => called.has(i))];
  const order = topological(starts, out);
  const rank = new Map(order.map((node, i) => [node, i]));
  const depth = new Array<number>(names.length).fill(0);
  for (const node of order) {
    for (const next of out[node]!) {
      if (rank.get(next)! > rank.get(node)!) depth[next] = Math.max(depth[next]!, depth[node]! + 1);
    }
  }
  return depth;
}

function adjacency(names: string[], links: Link[]): number[][] {
  const out: number[][] = names.map(() => []);
  for (const { caller, callee } of links) if (caller !== callee) out[caller]!.push(callee);
  for (const list of out) list.sort((a, b) => compare(names[a]!, names[b]!));
  return out;
}

/** topological order by depth first; without circles every link leads onwards. */
function topological(starts: number[], out: number[][]): number[] {
  const seen = new Set<number>();
  const order: number[] = [];
  for (const start of starts) {
    const stack: { node: number; next: number }[] = [];
    const enter = (node: number) => {
      if (!seen.has(node)) {
        seen.add(node);
        stack.push({ node, next: 0 });
      }
    };
    enter(start);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const next = out[top.node]![top.next++];
      if (next !== undefined) enter(next);
      else order.push(stack.pop()!.node);
    }
  }
  return order.reverse();
}

/** backbone is which links to draw where there is room for some: the busiest, which come first, and for every node one that leads to it. */
export function backbone(links: Link[], room: number): Link[] {
  const drawn = new Set(links.slice(0, room));
  const reached = new Set([...drawn].map((l) => l.callee));
  const busiest = new Map<number, Link>();
  for (const link of [...links].reverse()) if (link.caller !== link.callee) busiest.set(link.callee, link);
  const open = [...drawn].map((l) => l.caller);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const link = busiest.get(node);
    if (reached.has(node) || !link) continue;
    reached.add(node);
    drawn.add(link);
    open.push(link.caller);
  }
  return links.filter((l) => drawn.has(l));
}

export interface Lanes { names: string[]; column: number[]; links: Link[]; of: string[][] }

const laneMark = '\u0000';
export const isLane = (name: string): boolean => name.startsWith(laneMark);

/**
 * lanes are places in the columns that a link skips, so that it passes between nodes and not behind them; links to one callee share theirs.
 * Nodes come first, as they were; of is the names of each link's lanes on its way.
 */
export function lanes(names: string[], column: number[], links: Link[]): Lanes {
  const all: Lanes = { names: [...names], column: [...column], links: [], of: [] };
  const known = new Map<string, number>();
  for (const { caller, callee } of links) {
    const passed: string[] = [];
    const step = Math.sign(column[callee]! - column[caller]!);
    let last = caller;
    for (let c = column[caller]! + step; step !== 0 && c !== column[callee]; c += step) {
      const name = `${laneMark}${step} ${c} ${names[callee]}`;
      if (!known.has(name)) {
        known.set(name, all.names.push(name) - 1);
        all.column.push(c);
      }
      passed.push(name);
      all.links.push({ caller: last, callee: known.get(name)! });
      last = known.get(name)!;
    }
    all.links.push({ caller: last, callee });
    all.of.push(passed);
  }
  return all;
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** columns are the node names of each column, from the top; known names keep their place. */
export function columns(names: string[], column: number[], links: Link[], before: string[][] = []): string[][] {
  const places = new Map<string, [number, number]>();
  before.forEach((list, c) => list.forEach((name, row) => places.set(name, [c, row])));
  const same = names.every((name, i) => !places.has(name) || places.get(name)![0] === column[i]);
  const kept = same ? names.filter((name) => places.has(name)).length : 0;
  return kept > 0 ? extended(names, column, before) : untangled(names, column, links);
}

/** extended adds new names below those that are there; a column that left keeps its room. */
function extended(names: string[], column: number[], before: string[][]): string[][] {
  const known = new Set(before.flat());
  const next = before.map((list) => [...list]);
  names.forEach((name, i) => {
    if (known.has(name)) return;
    while (next.length <= column[i]!) next.push([]);
    next[column[i]!]!.push(name);
  });
  return next;
}

const sweeps = 6;

/** untangled begins by name and moves every node to the middle of its neighbours, back and forth. */
function untangled(names: string[], column: number[], links: Link[]): string[][] {
  const lists: number[][] = [];
  names.forEach((_, i) => (lists[column[i]!] ??= []).push(i));
  for (let c = 0; c < lists.length; c++) (lists[c] ??= []).sort((a, b) => compare(names[a]!, names[b]!));
  const near: number[][] = names.map(() => []);
  for (const { caller, callee } of links) {
    near[caller]!.push(callee);
    near[callee]!.push(caller);
  }
  const height = new Array<number>(names.length);
  const place = (list: number[]) => list.forEach((node, row) => (height[node] = row - (list.length - 1) / 2));
  lists.forEach(place);
  for (let k = 0; k < sweeps; k++) {
    const forward = k % 2 === 0;
    for (let j = 0; j < lists.length; j++) {
      const c = forward ? j : lists.length - 1 - j;
      const wanted = new Map(lists[c]!.map((node) => [node, middle(near[node]!.filter((o) => (forward ? column[o]! < c : column[o]! > c)), height, height[node]!)]));
      lists[c]!.sort((a, b) => wanted.get(a)! - wanted.get(b)! || compare(names[a]!, names[b]!));
      place(lists[c]!);
    }
  }
  return lists.map((list) => list.map((node) => names[node]!));
}

function middle(nodes: number[], height: number[], own: number): number {
  return nodes.length === 0 ? own : nodes.reduce((sum, node) => sum + height[node]!, 0) / nodes.length;
}

export interface Box { x: number; y: number; width: number; height: number }

export const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

export interface Point { x: number; y: number }

export interface Curve { from: Point; a: Point; b: Point; to: Point }

/** curve from a caller's right side to its callee's left side; within a column and backwards it takes the sides that face each other, beside the way there. */
export function curve(from: Box, to: Box): Curve {
  const right = (box: Box) => ({ x: box.x + box.width, y: box.y + box.height / 2 });
  const left = (box: Box) => ({ x: box.x, y: box.y + box.height / 2 });
  if (from === to) return bent({ x: right(from).x, y: from.y + 10 }, { x: right(to).x, y: from.y + from.height - 10 }, 34, 34);
  if (from.x === to.x) return from.y < to.y ? bent(right(from), right(to), 30, 30) : bent(beside(from, right(from)), beside(to, right(to)), 50, 50);
  const start = from.x < to.x ? right(from) : beside(from, left(from));
  const end = from.x < to.x ? left(to) : beside(to, right(to));
  const bend = (end.x - start.x) / 2;
  if (from.x < to.x) return bent(start, end, bend, -bend);
  const out = start.y > end.y ? 1.5 : 0.5; // so that it is aside where both are steep too
  return bent(start, end, out * bend, (out - 2) * bend);
}

const apart = 11;
const beside = (box: Box, { x, y }: Point): Point => ({ x, y: y + (box.height > 0 ? apart : 0) }); // a lane back is another one already

function bent(from: Point, to: Point, out: number, back: number): Curve {
  return { from, a: { x: from.x + out, y: from.y }, b: { x: to.x + back, y: to.y }, to };
}

/** route is the curves from a caller through lanes to its callee. */
export function route(from: Box, through: Box[], to: Box): Curve[] {
  const parts: Curve[] = [];
  let last = from;
  for (const lane of through) {
    const { y } = lane;
    const [enter, leave] = from.x < to.x ? [lane.x, lane.x + lane.width] : [lane.x + lane.width, lane.x];
    parts.push(curve(last, lane), bent({ x: enter, y }, { x: leave, y }, (leave - enter) / 3, (enter - leave) / 3));
    last = lane;
  }
  return [...parts, curve(last, to)];
}

export function path(parts: Curve[]): string {
  const start = parts[0]!.from;
  return `M${start.x} ${start.y}` + parts.map(({ a, b, to }) => `C${a.x} ${a.y} ${b.x} ${b.y} ${to.x} ${to.y}`).join('');
}

export function along({ from, a, b, to }: Curve, t: number): Point {
  const u = 1 - t;
  const mix = (p: number, q: number, r: number, s: number) => u * u * u * p + 3 * u * u * t * q + 3 * u * t * t * r + t * t * t * s;
  return { x: mix(from.x, a.x, b.x, to.x), y: mix(from.y, a.y, b.y, to.y) };
}

/** labels finds room on each route, in the order given; null: there was none. */
export function labels(routes: Curve[][], widths: number[], taken: Box[], height = 16): (Point | null)[] {
  const used = [...taken];
  return routes.map((parts, i) => {
    for (const at of parts.flatMap((part) => [0.5, 0.38, 0.62, 0.28, 0.72].map((t) => along(part, t)))) {
      const box = { x: at.x - widths[i]! / 2, y: at.y - height / 2, width: widths[i]!, height };
      if (used.some((other) => overlap(other, box))) continue;
      used.push(box);
      return at;
    }
    return null;
  });
}
