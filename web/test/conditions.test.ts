import test from 'node:test';
import assert from 'node:assert/strict';
import { secondsOf, wrongIn } from '../src/conditions.ts';

test('durations are those of the server', () => {
  for (const [text, seconds] of [['100us', 1e-4], ['1.5s', 1.5], ['2h', 7200], ['1m30s', 90], ['.5s', 0.5], ['1.s', 1], ['0', 0], ['+2s', 2]] as const) {
    assert.ok(Math.abs(secondsOf(text) - seconds) < 1e-9, text);
  }
  for (const text of ['', 'soon', '5', '-1s', 's', '1 s', '1s2', '.s', '1d']) assert.ok(Number.isNaN(secondsOf(text)), text);
});

test('every bad field is marked', () => {
  const none = { minDuration: '', maxDuration: '', attribute: [] };
  assert.deepEqual(wrongIn(none), {});
  assert.deepEqual(Object.keys(wrongIn({ minDuration: 'soon', maxDuration: '5', attribute: ['a=b', 'c'] })), ['minDuration', 'maxDuration', 'attribute']);
  assert.deepEqual(Object.keys(wrongIn({ ...none, minDuration: '2s', maxDuration: '1s' })), ['maxDuration']);
  assert.deepEqual(wrongIn({ ...none, minDuration: '1s', maxDuration: '1000ms', attribute: ['a='] }), {});
  assert.deepEqual(Object.keys(wrongIn({ ...none, attribute: ['=b'] })), ['attribute']);
});
