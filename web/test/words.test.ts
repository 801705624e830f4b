import test from 'node:test';
import assert from 'node:assert/strict';
import type { Edge } from '../src/api.ts';
import { beyondPeer, calleeSaw, softCalls } from '../src/words.ts';

const edge = (outcomes: Edge['outcomes'], serverOutcomes?: Edge['outcomes']) => ({ outcomes, serverOutcomes }) as Edge;

test('soft errors that the caller did not see count too', () => {
  assert.equal(softCalls(edge({ ok: 20 }, { ok: 8, soft_error: 12 })), 12);
  assert.equal(softCalls(edge({ ok: 5, soft_error: 15 }, { soft_error: 12 })), 15);
  assert.equal(softCalls(edge({ ok: 5 })), 0);
});

test('what the callee saw is told where it differs', () => {
  assert.deepEqual(calleeSaw(edge({ ok: 20 }, { ok: 8, soft_error: 12 })), [['soft_error', 12]]);
  assert.deepEqual(calleeSaw(edge({ error: 3, ok: 1 }, { error: 3, ok: 1 })), []);
  assert.deepEqual(calleeSaw(edge({ error: 3 })), []);
});

test('a peer is named once', () => {
  assert.equal(beyondPeer('orders', 'orders publish'), 'publish');
  assert.equal(beyondPeer('orders', 'publish orders'), 'publish');
  assert.equal(beyondPeer('orders', 'orders'), '');
  assert.equal(beyondPeer('orders', 'reorders publish'), 'reorders publish');
  assert.equal(beyondPeer('payment', 'POST /payment'), 'POST /payment');
});
