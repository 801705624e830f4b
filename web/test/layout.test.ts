import test from 'node:test';
import assert from 'node:assert/strict';
import { type Box, along, backbone, columns, curve, depths, isLane, labels, lanes, overlap, path, route } from '../src/layout.ts';
import { place } from '../src/place.ts';
import { Random } from './random.ts';

const links = (text: string, names: string[]) => text.split(' ').filter(Boolean).map((l) => {
  const [caller, callee] = l.split('>');
  return { caller: names.indexOf(caller!), callee: names.indexOf(callee!) };
});

function depthsOf(text: string): Record<string, number> {
  const names = [...new Set(text.split(/[ >]/).filter(Boolean))].sort();
  const found = depths(names, links(text, names));
  return Object.fromEntries(names.map((n, i) => [n, found[i]!]));
}

test('columns follow the longest way from the entrance', () => {
  assert.deepEqual(depthsOf('web>cart web>stock cart>stock stock>db'), { web: 0, cart: 1, stock: 2, db: 3 });
});

test('a circle is cut where it closes', () => {
  assert.deepEqual(depthsOf('out>a a>b b>c c>a'), { out: 0, a: 1, b: 2, c: 3 });
  assert.deepEqual(depthsOf('a>b b>a'), { a: 0, b: 1 });
  assert.deepEqual(depthsOf('a>a'), { a: 0 });
});

test('what is drawn leads to every node that is', () => {
  const names = ['out', 'web', 'cart', 'db', 'job'];
  const all = links('cart>db job>db out>web web>cart', names);
  assert.deepEqual(backbone(all, 1), links('cart>db out>web web>cart', names));
  assert.deepEqual(backbone(all, 9), all);
  assert.deepEqual(backbone(links('a>b b>a', ['a', 'b']), 1), links('a>b b>a', ['a', 'b']), 'a circle has an end');
});

function randomGraph(random: Random) {
  const names = Array.from({ length: 1 + random.below(30) }, (_, i) => `n${i}`);
  const edges = Array.from({ length: random.below(60) }, () => ({ caller: random.below(names.length), callee: random.below(names.length) }));
  return { names, edges };
}

/** shuffled is the same graph with its nodes and edges in another order. */
function shuffled(random: Random, names: string[], edges: { caller: number; callee: number }[]) {
  const order = names.map((_, i) => [random.next(), i] as const).sort((a, b) => a[0] - b[0]).map(([, i]) => i);
  const at = new Map(order.map((old, now) => [old, now]));
  const moved = edges.map((e) => ({ caller: at.get(e.caller)!, callee: at.get(e.callee)! })).sort(() => random.next() - 0.5);
  return { names: order.map((i) => names[i]!), edges: moved };
}

test('the same graph in another order looks the same', () => {
  const random = new Random(4);
  for (let i = 0; i < 300; i++) {
    const { names, edges } = randomGraph(random);
    const other = shuffled(random, names, edges);
    assert.deepEqual(columns(other.names, depths(other.names, other.edges), other.edges), columns(names, depths(names, edges), edges));
  }
});

test('every node stands in one place', () => {
  const random = new Random(5);
  for (let i = 0; i < 300; i++) {
    const { names, edges } = randomGraph(random);
    assert.deepEqual(columns(names, depths(names, edges), edges).flat().sort(), [...names].sort());
  }
});

test('what was there stays where it was when more comes', () => {
  const before = columns(['a', 'b', 'c'], [0, 1, 1], [{ caller: 0, callee: 1 }, { caller: 0, callee: 2 }]);
  const after = columns(['a', 'aa', 'b', 'c', 'd'], [0, 1, 1, 1, 2], [], before);
  assert.deepEqual(after, [['a'], ['b', 'c', 'aa'], ['d']]);
  assert.deepEqual(columns(['a', 'c'], [0, 1], [], after), after, 'what left keeps its room');
});

test('a node that changes its column is laid out anew', () => {
  assert.deepEqual(columns(['a', 'b'], [1, 0], [], [['a'], ['b']]), [['b'], ['a']]);
});

test('labels never cover one another or a node', () => {
  const random = new Random(6);
  const box = (): Box => ({ x: random.below(900), y: random.below(500), width: 120, height: 40 });
  for (let i = 0; i < 200; i++) {
    const boxes = Array.from({ length: 12 }, box);
    const curves = Array.from({ length: 20 }, () => [curve(random.pick(boxes), random.pick(boxes))]);
    const placed = labels(curves, curves.map(() => 90), boxes).filter((p) => p !== null).map((p) => ({ x: p.x - 45, y: p.y - 8, width: 90, height: 16 }));
    placed.forEach((a, k) => {
      assert.ok(boxes.every((b) => !overlap(a, b)));
      assert.ok(placed.every((b, j) => j === k || !overlap(a, b)));
    });
  }
});

test('curves begin at the caller and end at the callee', () => {
  const left = { x: 0, y: 0, width: 100, height: 40 };
  const right = { x: 300, y: 200, width: 100, height: 40 };
  assert.deepEqual(along(curve(left, right), 0), { x: 100, y: 20 });
  assert.deepEqual(along(curve(left, right), 1), { x: 300, y: 220 });
  assert.deepEqual(along(curve(right, left), 0), { x: 300, y: 231 }, 'the way back is beside the way there');
  assert.deepEqual(along(curve(right, left), 1), { x: 100, y: 31 });
});

test('a link that skips columns has a lane in each, shared by links to one callee', () => {
  const names = ['a', 'b', 'c', 'd'];
  const all = lanes(names, [0, 1, 2, 3], links('a>b a>d b>d d>a c>c', names));
  assert.deepEqual(all.of.map((of) => of.length), [0, 2, 1, 2, 0]);
  assert.equal(all.of[1]![1], all.of[2]![0], 'd is reached through one lane in column 2');
  assert.notEqual(all.of[1]![0], all.of[3]![1], 'the way back has its own');
  assert.deepEqual(all.names.slice(0, 4), names);
  const random = new Random(7);
  for (let i = 0; i < 300; i++) {
    const { names, edges } = randomGraph(random);
    const column = depths(names, edges);
    const { names: every, column: of, links: steps } = lanes(names, column, edges);
    assert.ok(steps.every((l) => Math.abs(of[l.caller]! - of[l.callee]!) <= 1), 'no step skips a column');
    assert.equal(every.filter((n) => !isLane(n)).length, names.length);
    assert.equal(new Set(every).size, every.length);
  }
});

test('a route goes straight through its lanes', () => {
  const box = (x: number, y: number, height: number): Box => ({ x, y, width: 100, height });
  const [from, lane, to] = [box(0, 0, 40), box(200, 150, 0), box(400, 0, 40)];
  const parts = route(from, [lane], to);
  assert.deepEqual(parts.map((p) => [p.from, p.to]), [
    [{ x: 100, y: 20 }, { x: 200, y: 150 }], [{ x: 200, y: 150 }, { x: 300, y: 150 }], [{ x: 300, y: 150 }, { x: 400, y: 20 }],
  ]);
  assert.deepEqual(route(to, [lane], from)[1]!.from, { x: 300, y: 150 });
  assert.match(path(parts), /^M100 20C.*300 150C.* 400 20$/);
});

test('no edge passes behind a node, and the two ways between two nodes are apart', () => {
  const random = new Random(8);
  for (let i = 0; i < 300; i++) {
    const { names, edges } = randomGraph(random);
    const column = depths(names, edges);
    const all = lanes(names, column, edges);
    const { boxes, at } = place(columns(all.names, all.column, all.links), names, random.pick([356, 900, 1390]));
    const routes = edges.map((e, k) => route(boxes[e.caller]!, all.of[k]!.map((lane) => at.get(lane)!), boxes[e.callee]!));
    const points = routes.map((parts) => parts.flatMap((part) => Array.from({ length: 41 }, (_, k) => along(part, k / 40))));
    points.forEach((line, k) => line.forEach(({ x, y }) => boxes.forEach((box, b) => assert.ok(
      !overlap(box, { x: x - 0.5, y: y - 0.5, width: 1, height: 1 }) || b === edges[k]!.caller || b === edges[k]!.callee, `${names[b]} hides ${x} ${y}`))));
    edges.forEach((e, k) => edges.forEach((back, b) => {
      if (e.caller === e.callee || e.caller !== back.callee || e.callee !== back.caller) return;
      const near = points[k]!.filter((p) => points[b]!.some((q) => Math.hypot(p.x - q.x, p.y - q.y) < 5));
      assert.ok(near.length < points[k]!.length / 2, `both ways are seen: ${near.length} of ${points[k]!.length}`);
    }));
    routes.forEach((parts) => parts.slice(1).forEach((part, p) => assert.deepEqual(part.from, parts[p]!.to, 'a route has no gaps')));
  }
});
