import test from 'node:test';
import assert from 'node:assert/strict';
import { onScale, ratioText, strengthSign, strengths } from '../src/strengthwords.ts';
import { Random } from './random.ts';

test('a ratio is told with its interval', () => {
  assert.equal(ratioText({ estimate: 0.0213, low: 0, high: 0.094 }), '0.02 (0.00–0.09)');
  assert.equal(ratioText({ estimate: 1.004, low: 0.98, high: 12.4 }), '1.0 (0.98–12)');
});

test('every ratio has a place on the bar', () => {
  assert.equal(onScale(0), 0);
  assert.equal(onScale(-1), 0);
  assert.equal(onScale(40), 1);
  assert.equal(onScale(Infinity), 1);
  assert.equal(onScale(NaN), 1);
  const random = new Random(10);
  for (let i = 0; i < 500; i++) {
    const [a, b] = [random.next() * 2, random.next() * 2].sort((x, y) => x - y) as [number, number];
    assert.ok(onScale(a) <= onScale(b));
  }
});

test('no two strengths look the same without colour', () => {
  assert.equal(new Set(strengths.map((s) => strengthSign[s])).size, 4);
});
