import type { Span, Trace } from '@arcadium/contracts/dashboard';
import { expect, test } from 'vitest';
import { waterfall } from './waterfall.ts';

const span = (spanId: string, parentId: string | null, of: Partial<Span>): Span => ({
  spanId,
  parentId,
  service: 'wiki',
  name: 'wiki.pages.get',
  kind: 'server',
  startedAt: '2026-11-30T12:00:00.000Z',
  startMs: 0,
  durationMs: 100,
  status: 'ok',
  message: null,
  attributes: [],
  ...of,
});

const trace = (tree: Span[], of: Partial<Trace> = {}): Trace => ({
  traceId: 'a'.repeat(32),
  name: 'wiki.pages.get',
  startedAt: '2026-11-30T12:00:00.000Z',
  durationMs: 100,
  spans: tree.length,
  services: ['wiki'],
  status: 'ok',
  tree,
  truncated: false,
  ...of,
});

test('spans stand below their parents, with attempts, codes and bars on one time line', () => {
  const text = waterfall(
    trace([
      span('1', null, {}),
      span('2', '1', { name: 'auth.users.get', kind: 'client', startMs: 50, durationMs: 50 }),
      span('3', '2', {
        name: 'attempt',
        kind: 'client',
        startMs: 50,
        durationMs: 10,
        status: 'error',
        message: 'TIMEOUT',
        attributes: [{ name: 'mesh.attempt', value: '1' }],
      }),
      span('4', '2', {
        name: 'attempt',
        startMs: 80,
        durationMs: 20,
        attributes: [{ name: 'mesh.attempt', value: '2' }],
      }),
      span('5', '4', {
        name: 'auth.users.get',
        service: 'auth',
        startMs: 85,
        durationMs: 10,
        attributes: [{ name: 'rpc.response.status_code', value: 'NOT_FOUND' }],
      }),
    ]),
    80,
  );
  const rows = text.slice(2).map((line) => line.trimEnd());
  expect(rows.map((line) => /^ */.exec(line)?.[0].length)).toEqual([0, 2, 4, 4, 6]);
  expect(rows[2]).toContain('attempt #1 ✗ TIMEOUT');
  expect(rows[4]).toContain('auth.users.get NOT_FOUND');
  // The bars of what began later begin further to the right.
  const begins = rows.map((line) => line.indexOf('█'));
  expect(begins[0]).toBeLessThan(begins[1] ?? 0);
  expect(begins[1]).toBe(begins[2]);
  expect(begins[2]).toBeLessThan(begins[3] ?? 0);
});

test.each([40, 60, 80, 200])(
  'no line is wider than %i, except what a narrow terminal cannot hold',
  (width) => {
    const deep = Array.from({ length: 30 }, (_, n) =>
      span(String(n), n === 0 ? null : String(n - 1), { name: 'a.procedure.with-a-long-name', startMs: n }),
    );
    const lines = waterfall(trace(deep), width).slice(2);
    expect(lines).toHaveLength(30);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(width, 56));
  },
);

test('spans without their parent, and parents in a circle, are shown at the top', () => {
  const lines = waterfall(
    trace([
      span('1', 'gone', { name: 'late' }),
      span('2', '3', { name: 'two' }),
      span('3', '2', { name: 'three' }),
    ]),
    80,
  ).slice(2);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['late', 'two', '']);
});

test('a trace of which spans are missing says so', () => {
  expect(waterfall(trace([span('1', null, {})], { truncated: true }), 80)[1]).toBe(
    'Only the first 1 spans were kept.',
  );
});
