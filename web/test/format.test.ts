import test from 'node:test';
import assert from 'node:assert/strict';
import { ago, clock, compact, count, duration, frequency, percent, plural, rate, shortOperation, stretch, windowName } from '../src/format.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

function table<T extends unknown[]>(name: string, write: (...of: T) => string, rows: [...T, string][]): void {
  test(name, () => {
    for (const row of rows) {
      const want = row[row.length - 1] as string;
      assert.equal(plain(write(...(row.slice(0, -1) as unknown as T))), want, JSON.stringify(row));
    }
  });
}

table('durations', duration, [
  [0, '0 ms'], [3e-9, '3 ns'], [8.5e-7, '850 ns'], [9.996e-7, '1.0 µs'], [0.00085, '850 µs'], [0.0009996, '1.0 ms'], [0.0012, '1.2 ms'], [0.00994, '9.9 ms'],
  [0.00996, '10 ms'], [0.12, '120 ms'], [0.9996, '1.0 s'], [1.25, '1.3 s'], [12.4, '12 s'], [59.6, '1 min'], [65, '1 min 5 s'], [3600, '1 h'], [7500, '2 h 5 min'],
  [90000, '1 d 1 h'], [-0.002, '−2.0 ms'], [null, '–'], [undefined, '–'], [NaN, '–'],
]);
table('rates', rate, [
  [0, '0/s'], [12, '12/s'], [0.4, '0.4/s'], [2, '2/s'], [0.05, '3/min'], [0.045, '2.7/min'], [0.001, '3.6/h'], [1e-9, '0.1/h'], [1234, '1.2 k/s'], [999.7, '1.0 k/s'], [9.97, '10/s'],
]);
table('frequencies', (calls: number, rate: number) => frequency({ calls, rate }), [[1, 0.0015, '1 call'], [9, 0.01, '9 calls'], [10, 0.011, '0.7/min'], [0, 0, '0 calls']]);
table('percentages', percent, [
  [0, 10, '0 %'], [1, 80, '1.3 %'], [12, 100, '12 %'], [1, 1, '100 %'], [9999, 10000, '> 99 %'], [1, 100000, '< 0.1 %'], [0, 0, '–'], [5, 4, '100 %'],
]);
table('compact numbers', compact, [[999, '999'], [1200, '1.2 k'], [999600, '1.0 M'], [34e6, '34 M'], [2.5e11, '250 G']]);
table('counts', count, [[1234567, '1,234,567'], [0, '0']]);
table('plurals', plural as (n: number, one: string) => string, [[1, 'chain', '1 chain'], [0, 'chain', '0 chains'], [1200, 'span', '1,200 spans']]);

const noon = Date.parse('2026-01-31T12:00:00Z');
table('ages', ago, [
  ['2026-01-31T12:00:00Z', noon, 'now'], ['2026-01-31T11:59:48Z', noon, '12 s ago'], ['2026-01-31T11:57:00Z', noon, '3 min ago'], ['2026-01-31T10:00:00Z', noon, '2 h ago'],
  ['2026-01-28T11:00:00Z', noon, '3 d ago'], ['2026-01-31T12:00:05Z', noon, 'now'], ['?', noon, '–'],
]);
table('windows', windowName, [
  ['-15m', '', noon, 'last 15 minutes'], ['-1h', 'now', noon, 'last hour'], ['-24h', '', noon, 'last 24 hours'], ['-168h', '', noon, 'last 7 days'], ['-36h', '', noon, 'last 36 hours'], ['-2h', '-1h', noon, '-2h to -1h'], ['', '', noon, 'an hour before to now'],
  ['2020-01-01T00:00:00', '2020-01-01T01:00:00', noon, '2020-01-01 00:00:00 to 2020-01-01 01:00:00'],
]);
table('stretches of time', stretch, [
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z', '0 ms'], ['2026-01-31T12:00:00Z', '2026-01-31T15:12:00Z', '3 h 12 min'], ['2026-01-01T00:00:00Z', '2026-01-31T01:00:00Z', '30 days'],
  ['2026-01-01T00:00:00Z', '2026-01-02T20:00:00Z', '1 d 20 h'], ['?', '2026-01-02T20:00:00Z', '–'],
]);
table('operations in little room', shortOperation, [
  ['GET /cart', 20, 'GET /cart'], ['GET /api/v1/seats/left_tickets', 22, 'GET …/left_tickets'], ['/api/v1/order/tickets', 16, '…/order/tickets'],
  ['OrderController.findAllOrders', 10, 'OrderController.findAllOrders'], ['/aaaaaaaaaaaaaaaaaaaaaaaaa', 10, '/aaaaaaaaaaaaaaaaaaaaaaaaa'],
]);

test('times of another day say which', () => {
  const other = new Date(2026, 0, 30, 9, 5, 7, 42).toISOString();
  assert.equal(clock(other, new Date(2026, 0, 31).getTime()), '2026-01-30 09:05:07.042');
  assert.equal(clock(other, new Date(2026, 0, 30, 23).getTime()), '09:05:07.042');
});

test('figures stay narrow at every magnitude', () => {
  for (let x = 1e-9; x < 1e7; x *= 1.07) {
    assert.ok(duration(x).length <= 13, duration(x));
    assert.ok(rate(x).length <= 8, rate(x));
    assert.doesNotMatch(duration(x), /1000|e|NaN/);
  }
});
