import test from 'node:test';
import assert from 'node:assert/strict';
import { type Run, type Stretch, mostLanes, noticeable, strip } from '../src/strip.ts';
import { Random } from './random.ts';

const told = (stretches: Stretch[], waits = 9) => strip(stretches, waits).map((p) => (p.kind === 'wait' ? `wait ${p.seconds}` : p.marks.map((m) => m.item).join(' '))).join(', ');
const at = (...pairs: [number, number][]): Stretch[] => pairs.map(([start, end]) => ({ start, end }));

test('waits are cut out, what overlaps stays together', () => {
  assert.equal(told(at([0, 1], [3601, 3602])), '0, wait 3600, 1');
  assert.equal(told(at([0, 1], [0.5, 2], [3602, 3603])), '0 1, wait 3600, 2');
  assert.equal(told(at([0, 1])), '0');
  assert.equal(told([]), '');
});

test('no wait is measured from a chain that another one outlasted', () => {
  assert.equal(told(at([0, 100], [1, 2], [50, 51])), '0 1 2');
});

test('where waits are many the longest are cut out, the others are to scale', () => {
  assert.equal(told(at([0, 1], [11, 12], [112, 113], [123, 124]), 1), '0 1, wait 100, 2 3');
});

test('waits of one length are not cut out here and left there', () => {
  const steady = at(...Array.from({ length: 20 }, (_, i): [number, number] => [i * 3600, i * 3600 + 1]));
  assert.equal(strip(steady, 4).length, 1);
});

test('a wait that is short beside the chains is no wait', () => {
  assert.equal(told(at([0, 60], [61, 120], [121, 180])), '0 1 2');
});

test('every chain is drawn once, within its run, on a lane where it covers no other', () => {
  const random = new Random(9);
  for (let i = 0; i < 300; i++) {
    let start = 0;
    const all = Array.from({ length: random.below(200) }, () => {
      start += random.below(3) === 0 ? random.below(90000) : random.below(20);
      return { start, end: start + random.below(30) };
    });
    const waits = random.below(8);
    const parts = strip(all, waits);
    const runs = parts.filter((p): p is Run => p.kind === 'run');
    assert.ok(parts.length - runs.length <= waits);
    assert.deepEqual(runs.flatMap((r) => r.marks.map((m) => m.item)), all.map((_, k) => k));
    if (all.length > 0) assert.ok(Math.abs(runs.reduce((sum, r) => sum + r.share, 0) - 1) < 1e-9);
    for (const run of runs) {
      run.marks.forEach((m, k) => {
        assert.ok(m.left >= 0 && m.left + m.width <= 1 + 1e-9 && m.lane < run.lanes && run.lanes <= mostLanes);
        const beside = run.marks.slice(0, k).filter((o) => o.lane === m.lane && m.lane < mostLanes - 1);
        assert.ok(beside.every((o) => o.left + o.width <= m.left + 1e-9));
      });
    }
  }
});

test('waits are told that stand out', () => {
  assert.equal(noticeable([3600], 3600), 60, 'where hours pass, minutes');
  assert.equal(noticeable([0.2, 8], 9), 1, 'where seconds pass, seconds');
  assert.equal(noticeable([], 0), 1);
  assert.equal(noticeable(Array.from({ length: 50 }, () => 600), 30_000), 1800, 'not what is usual');
  assert.equal(noticeable([-5, ...Array.from({ length: 50 }, () => 2)], 100), 6);
});
