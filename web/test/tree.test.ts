import test from 'node:test';
import assert from 'node:assert/strict';
import type { Outcome, Span } from '../src/api.ts';
import { nextTrouble, opened, rows, ticks, treeOf, waiterOf } from '../src/tree.ts';
import { Random } from './random.ts';

/** spans from lines: two spaces a level, then the ID and its outcome. */
function spans(text: string): Span[] {
  const path: number[] = [];
  return text.trim().split('\n').map((line, i) => {
    const depth = (line.length - line.trimStart().length) / 2;
    const [id = '', outcome = 'ok'] = line.trim().split(' ');
    path[depth] = i;
    return { id, parent: depth ? path[depth - 1]! : -1, depth, service: 0, operation: id, spanKind: '', start: i, duration: 1, outcome: outcome as Outcome, source: '', problems: [], events: 0, links: 0, strength: '', strengthSource: '', dependency: '' };
  });
}

const shop = `
a error
  b
    c soft_error
    d
  e error
    f
g`;
const tree = treeOf(spans(shop));
const shown = (closed: string[], only = false) => rows(tree, new Set(closed), only).map((i) => tree.spans[i]!.id).join('');

test('closed spans hide what is below them and nothing else', () => {
  assert.equal(shown([]), 'abcdefg');
  assert.equal(shown(['b']), 'abefg');
  assert.equal(shown(['a']), 'ag');
  assert.equal(shown(['b', 'a']), 'ag');
  assert.equal(shown(['f', 'nobody']), 'abcdefg');
});

test('only what failed keeps the way to it', () => {
  assert.equal(shown([], true), 'abce');
  assert.equal(shown(['b'], true), 'abe');
});

test('spans know how many troubles are below', () => {
  assert.deepEqual(tree.below, [2, 1, 0, 0, 0, 0, 0]);
  assert.deepEqual(tree.children, [2, 2, 0, 0, 1, 0, 0]);
  assert.deepEqual(tree.place, [1, 1, 1, 2, 2, 1, 2]);
  assert.equal(tree.end, 7);
});

test('opening a span opens what hides it', () => {
  assert.deepEqual([...opened(tree, new Set(['a', 'b', 'e']), 2)], ['e']);
});

test('the next failure comes round again', () => {
  assert.equal(nextTrouble(tree, 0), 2);
  assert.equal(nextTrouble(tree, 2), 4);
  assert.equal(nextTrouble(tree, 4), 0);
  assert.equal(nextTrouble(tree, 0, -1), 4);
  assert.equal(nextTrouble(treeOf(spans('a')), 0), -1);
  assert.equal(nextTrouble(treeOf([]), 0), -1);
});

test('where a failure began is walked to, whatever its own outcome', () => {
  const waited = treeOf(spans('a error\n  b timeout\n    c cancelled\nd'), [2]);
  assert.equal(nextTrouble(waited, 1), 2);
  assert.equal(nextTrouble(waited, 0, -1), 2);
  assert.deepEqual(rows(waited, new Set(), true), [0, 1, 2]);
  assert.deepEqual(waited.below, [2, 1, 0, 0]);
});

test('the waiter of a failure is the troubled one of its ID', () => {
  const halves = treeOf(spans('a\n  a timeout\n    b cancelled'), [2]);
  assert.equal(waiterOf(halves, { waiterSpanId: 'a' }), 1);
  assert.equal(waiterOf(halves, { waiterSpanId: 'x' }), -1);
  assert.equal(waiterOf(halves, { waiterSpanId: '' }), -1);
  assert.equal(waiterOf(halves, {}), -1);
});

test('attempts of one call follow one another after a failure', () => {
  const named = (text: string) => treeOf(spans(text).map((s) => ({ ...s, operation: s.operation.replace(/\d/, '') })));
  const told = (text: string) => [...named(text).attempts].sort((a, b) => a[0] - b[0]).map(([i, { n, of }]) => `${i}:${n}/${of}`).join(' ');
  assert.equal(told('a\n  b1 error\n  b2 timeout\n  c\n  b3'), '1:1/3 2:2/3 4:3/3');
  assert.equal(told('a\n  b1\n  b2\n  b3'), '', 'a loop that goes well is none');
  assert.equal(told('a\n  b1 error\n  b2\n  b3 error\n  b4 error'), '1:1/2 2:2/2 3:1/2 4:2/2');
  assert.equal(told('a\n  b1 error\nd\n  b2'), '', 'another parent');
  const beside = spans('a\n  b1 error\n  b2').map((s) => ({ ...s, operation: 'b', start: 0 }));
  assert.equal(treeOf(beside).attempts.size, 0, 'side by side');
});

test('both halves of a call may share an ID', () => {
  assert.deepEqual(treeOf(spans('a\n  a\n    a')).keys, ['a', 'a.1', 'a.2']);
});

test('ticks are round, few, and within the axis', () => {
  const random = new Random(3);
  for (let i = 0; i < 2000; i++) {
    const end = 10 ** (random.next() * 12 - 7);
    const all = ticks(end);
    assert.ok(all.length >= 2 && all.length <= 4, `${end}: ${all}`);
    assert.ok(all[all.length - 1]! <= end * (1 + 1e-6), `${end}: ${all}`);
  }
  assert.deepEqual(ticks(0), [0]);
  assert.deepEqual(ticks(100), [0, 50, 100]);
  assert.deepEqual(ticks(229), [0, 100, 200]);
});

test('forty thousand spans are rows like a few', () => {
  const many = Array.from({ length: 40_000 }, (_, i) => `${'  '.repeat(i % 2)}s${i}`).join('\n');
  const big = treeOf(spans(many));
  assert.equal(rows(big, new Set(), false).length, 40_000);
});
