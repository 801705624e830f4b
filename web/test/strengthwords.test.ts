import test from 'node:test';
import assert from 'node:assert/strict';
import type { Basis, ClassVerdict, EvidenceSource } from '../src/api.ts';
import { judgedWords, meaningOf, onScale, ratioText, strengthSign, strengths } from '../src/strengthwords.ts';
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

test('what a strength means depends on what was looked at', () => {
  assert.match(meaningOf('strong', 'successors'), /calls after it are not made/);
  assert.match(meaningOf('strong', 'propagation'), /its caller fails too/);
  for (const s of strengths) assert.ok(meaningOf(s, 'propagation') && meaningOf(s, 'none'));
});

test('how a verdict was found is a sentence, whatever it is', () => {
  const seen = { class: 'error', strength: 'strong', failures: 9, wentOn: 0, ratio: { estimate: 0, low: 0, high: 0.2 } } as const;
  const says = (source: EvidenceSource, basis: Basis, classes: ClassVerdict[]) => judgedWords({ source, basis, classes }, '7 days');
  assert.match(says('observed', 'successors', [seen]), /^Judged by whether the calls that usually follow .* happened by themselves, in the last 7 days\.$/);
  assert.match(says('injected', 'propagation', [seen]), /^Judged by whether the caller failed too.* on purpose, which override/);
  assert.equal(says('declared', 'none', []), 'Declared by the configuration, whatever was seen.');
  assert.match(says('observed', 'propagation', []), /^No failure was seen whole yet\. One will be judged by whether the caller failed too/);
  assert.equal(says('observed', 'none', []), 'Nothing to judge yet: no failure was seen whole.');
  assert.match(says('observed', 'none', [seen]), /^Not judged: /);
});
