import test from 'node:test';
import assert from 'node:assert/strict';
import { address } from '../src/api.ts';
import { renewed } from '../src/pages.ts';
import { ordered, pressing, steady } from '../src/steady.ts';

test('rows under the pointer keep their place, new ones come last', () => {
  const key = (row: { id: string }) => row.id;
  const before = [{ id: 'a', n: 1 }, { id: 'b', n: 1 }];
  const after = steady(before, [{ id: 'c', n: 2 }, { id: 'b', n: 2 }], key);
  assert.deepEqual(after, [{ id: 'b', n: 2 }, { id: 'c', n: 2 }], 'what is gone goes');
  const more = steady(after, [{ id: 'c', n: 3 }, { id: 'd', n: 3 }, { id: 'b', n: 3 }], key);
  assert.deepEqual(more.map(key), ['b', 'c', 'd']);
});

test('the answer to another question has its own order', () => {
  const before = { question: 'all', rows: ['a', 'b'] };
  const same = (row: string) => row;
  assert.deepEqual(ordered(before, { question: 'all', rows: ['b', 'a'] }, same, true).rows, ['a', 'b']);
  assert.deepEqual(ordered(before, { question: 'all', rows: ['b', 'a'] }, same, false).rows, ['b', 'a']);
  assert.deepEqual(ordered(before, { question: 'test', rows: ['b', 'a'] }, same, true), { question: 'test', rows: ['b', 'a'] });
});

test('no failure that nobody handled is behind "more" before there are twelve', () => {
  const groups = (open: number, handled: number) =>
    Array.from({ length: open + handled }, (_, i) => ({ n: i, failure: { handled: i >= open } }));
  const counts = (open: number, handled: number, all = false) => {
    const shown = pressing(groups(open, handled), all);
    return [shown.open.length, shown.handled.length, shown.hidden];
  };
  assert.deepEqual(counts(2, 9), [2, 4, 5]);
  assert.deepEqual(counts(8, 3), [8, 0, 3]);
  assert.deepEqual(counts(14, 1), [12, 0, 3]);
  assert.deepEqual(counts(0, 6), [0, 6, 0]);
  assert.deepEqual(counts(14, 9, true), [14, 9, 0]);
});

test('questions leave out what is empty and stay under the page', () => {
  assert.equal(address('map', { from: '-15m', to: '', limit: 60, environment: undefined }), 'api/jcg/v1/map?from=-15m&limit=60');
  assert.equal(address('chains', { attribute: ['a=b', 'c= &'] }), 'api/jcg/v1/chains?attribute=a%3Db&attribute=c%3D+%26');
});

test('pages are asked for again: the first, the last, and all where the first ends elsewhere', async () => {
  const told = (pages: Record<string, { cursor: string; n: number }>) => {
    const asked: string[] = [];
    const ask = async (cursor: string) => {
      asked.push(cursor);
      return { ok: true as const, value: pages[cursor]! };
    };
    return { asked, ask };
  };
  const shown = [{ cursor: 'a', n: 1 }, { cursor: 'b', n: 1 }, { cursor: '', n: 1 }];
  const same = told({ '': { cursor: 'a', n: 2 }, a: { cursor: 'b', n: 2 }, b: { cursor: 'c', n: 2 } });
  assert.deepEqual(await renewed(shown, same.ask), { ok: true, value: [{ cursor: 'a', n: 2 }, { cursor: 'b', n: 1 }, { cursor: 'c', n: 2 }] });
  assert.deepEqual(same.asked, ['', 'b']);
  const moved = told({ '': { cursor: 'x', n: 2 }, x: { cursor: 'y', n: 2 }, y: { cursor: '', n: 2 } });
  assert.deepEqual(await renewed(shown, moved.ask), { ok: true, value: [{ cursor: 'x', n: 2 }, { cursor: 'y', n: 2 }, { cursor: '', n: 2 }] });
  const fewer = told({ '': { cursor: '', n: 2 } });
  assert.deepEqual(await renewed(shown, fewer.ask), { ok: true, value: [{ cursor: '', n: 2 }] });
  const one = told({ '': { cursor: 'z', n: 2 } });
  assert.deepEqual(await renewed([{ cursor: '', n: 1 }], one.ask), { ok: true, value: [{ cursor: 'z', n: 2 }] });
  assert.deepEqual(one.asked, ['']);
});

test('where one of them fails what is shown stays as it is', async () => {
  const problem = { title: 'No answer', status: 0, detail: '' };
  const answer = await renewed([{ cursor: 'a' }, { cursor: '' }], async (cursor) => (cursor === '' ? { ok: true, value: { cursor: 'a' } } : { ok: false, problem }));
  assert.deepEqual(answer, { ok: false, problem });
});
