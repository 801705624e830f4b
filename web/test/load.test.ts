import test from 'node:test';
import assert from 'node:assert/strict';
import { address } from '../src/api.ts';
import { steady } from '../src/steady.ts';

test('rows under the pointer keep their place, new ones come last', () => {
  const key = (row: { id: string }) => row.id;
  const before = [{ id: 'a', n: 1 }, { id: 'b', n: 1 }];
  const after = steady(before, [{ id: 'c', n: 2 }, { id: 'b', n: 2 }], key);
  assert.deepEqual(after, [{ id: 'a', n: 1 }, { id: 'b', n: 2 }, { id: 'c', n: 2 }]);
});

test('questions leave out what is empty and stay under the page', () => {
  assert.equal(address('map', { from: '-15m', to: '', limit: 60, environment: undefined }), 'api/jcg/v1/map?from=-15m&limit=60');
  assert.equal(address('chains', { attribute: ['a=b', 'c= &'] }), 'api/jcg/v1/chains?attribute=a%3Db&attribute=c%3D+%26');
});
