import { expect, test } from 'vitest';
import { presentTrace } from '../presenters/trace.ts';
import { spanOf, traceIdOf, webResource, wikiResource } from '../testing/telemetry.ts';
import { TraceStore } from './traces.ts';

const all = { limit: 100 };
const ids = (store: TraceStore, filter = {}) => store.list(filter, all).rows.map(({ traceId }) => traceId);

test('spans of a trace arrive in any order, late and twice; the root names it when it is there', () => {
  const store = new TraceStore();
  const root = spanOf(1, 1, { name: 'POST', resource: webResource, startUs: 100, durationUs: 900 });
  const call = spanOf(1, 2, { parent: 1, name: 'wiki.comments.create', startUs: 300, durationUs: 500 });
  const statement = spanOf(1, 3, { parent: 2, name: 'INSERT', startUs: 400, durationUs: 100, failed: true });
  store.add([statement]);
  expect(store.get(traceIdOf(1))).toMatchObject({ name: 'INSERT', services: ['wiki'], failed: true });
  store.add([call, statement]);
  store.add([root, call]);
  const stored = store.get(traceIdOf(1));
  expect(stored).toMatchObject({ name: 'POST', services: ['web', 'wiki'], durationUs: 900, failed: true });
  expect(stored && presentTrace(stored).tree.map(({ name, startMs }) => [name, startMs])).toEqual([
    ['POST', 0],
    ['wiki.comments.create', 0.2],
    ['INSERT', 0.3],
  ]);
});

test('lists newest first, page by page, also while traces come in', () => {
  const store = new TraceStore();
  store.add([1, 2, 3, 4].map((trace) => spanOf(trace, 1)));
  const first = store.list({}, { limit: 2 });
  expect(first.rows.map(({ traceId }) => traceId)).toEqual([4, 3, 2].map((n) => traceIdOf(n)));
  store.add([spanOf(5, 1), spanOf(2, 2)]);
  const rest = store.list({}, { before: first.rows[1]?.number, limit: 2 });
  expect(rest.rows.map(({ traceId }) => traceId)).toEqual([2, 1].map((n) => traceIdOf(n)));
});

test('filters by service, part of any name, failure and duration, together', () => {
  const store = new TraceStore();
  store.add([
    spanOf(1, 1, { name: 'wiki.pages.get', durationUs: 5000 }),
    spanOf(2, 1, { name: 'wiki.pages.update', durationUs: 50_000, failed: true }),
    spanOf(3, 1, { name: 'GET', resource: webResource }),
    spanOf(3, 2, { name: 'wiki.pages.get', parent: 1, durationUs: 60_000 }),
  ]);
  const of = (...traces: number[]) => traces.map((n) => traceIdOf(n));
  expect(ids(store, { service: 'web' })).toEqual(of(3));
  expect(ids(store, { service: 'wiki' })).toEqual(of(3, 2, 1));
  store.add([spanOf(4, 1, { name: 'auth.users.get', resource: webResource, failed: true })]);
  // Auth is down: the span is its caller's.
  expect(ids(store, { service: 'auth', failed: true })).toEqual(of(4));
  expect(ids(store, { service: 'aut' })).toEqual([]);
  expect(ids(store, { name: 'PAGES.get' })).toEqual(of(3, 1));
  expect(ids(store, { name: 'pages?get' })).toEqual([]);
  expect(ids(store, { failed: true })).toEqual(of(4, 2));
  expect(ids(store, { minMs: 50 })).toEqual(of(3, 2));
  expect(ids(store, { minMs: 50, name: 'update', service: 'wiki', failed: true })).toEqual(of(2));
});

test('the oldest trace makes room; a late span of it begins a new one', () => {
  const store = new TraceStore({ mostTraces: 3 });
  for (let trace = 1; trace <= 8; trace += 1) store.add([spanOf(trace, 1), spanOf(trace, 2, { parent: 1 })]);
  expect(ids(store)).toEqual([8, 7, 6].map((n) => traceIdOf(n)));
  store.add([spanOf(1, 3, { parent: 2 })]);
  expect(ids(store)).toEqual([1, 8, 7].map((n) => traceIdOf(n)));
  expect(store.get(traceIdOf(1))?.spans).toHaveLength(1);
});

test('a trace holds 2,000 spans, and says that others are missing', () => {
  const store = new TraceStore();
  const spans = Array.from({ length: 2001 }, (_, n) => spanOf(1, n + 1, n > 0 ? { parent: n } : {}));
  const stored = () => {
    const { spans: held = [], truncated } = store.get(traceIdOf(1)) ?? {};
    return { held: held.length, truncated };
  };
  store.add(spans.slice(0, 2000));
  store.add(spans.slice(0, 2000));
  expect(stored()).toEqual({ held: 2000, truncated: false });
  store.add(spans.slice(2000));
  expect(stored()).toEqual({ held: 2000, truncated: true });
});

test('all traces together stay within the bytes allowed, whatever their spans carry', () => {
  const store = new TraceStore({ mostBytes: 100_000 });
  for (let trace = 1; trace <= 200; trace += 1) {
    store.add([spanOf(trace, 1, { attributes: { names: ['text'], values: [`${trace} `.repeat(300)] } })]);
    expect(store.bytes).toBeLessThanOrEqual(100_000);
  }
  expect(store.size).toBeGreaterThan(30);
  expect(ids(store)[0]).toBe(traceIdOf(200));
  store.add([spanOf(201, 1, { attributes: { names: ['text'], values: ['x'.repeat(200_000)] } })]);
  expect(store).toMatchObject({ size: 0, bytes: 0 });
});

test('a list compares a limited number of names at once, and continues where it stopped', () => {
  const store = new TraceStore();
  const names = Array.from({ length: 1000 }, (_, n) => `name ${n}`);
  for (let trace = 1; trace <= 150; trace += 1)
    store.add(names.map((name, n) => spanOf(trace, n + 1, { name: trace === 2 ? 'rare' : name })));
  const first = store.list({ name: 'rare' }, all);
  expect(first).toEqual({ rows: [], until: expect.any(Number) as number });
  const second = store.list({ name: 'rare' }, { before: first.until, limit: 100 });
  expect(second.rows.map(({ traceId }) => traceId)).toEqual([traceIdOf(2)]);
  expect(second.until).toBeUndefined();
});

test('spans whose parents form a circle are a trace as well', () => {
  const store = new TraceStore();
  store.add([
    spanOf(1, 1, { parent: 2, name: 'a', startUs: 50 }),
    spanOf(1, 2, { parent: 1, name: 'b', startUs: 20, resource: wikiResource }),
    spanOf(1, 3, { parent: 3, name: 'self' }),
  ]);
  const stored = store.get(traceIdOf(1));
  expect(stored && presentTrace(stored).tree).toHaveLength(3);
});

test('an older trace is kept small, and shows and takes the same spans', () => {
  const store = new TraceStore();
  const other = { ...wikiResource, instance: 'wiki-2' };
  const attributes = { names: ['text', 'größe'], values: ['x'.repeat(500), '\u{10330}'] };
  const spans = Array.from({ length: 30 }, (_, n) =>
    spanOf(1, n + 1, {
      startUs: n,
      attributes,
      ...(n > 0 && { parent: n }),
      ...(n % 2 && { resource: other }),
    }),
  );
  store.add(spans);
  const before = store.get(traceIdOf(1));
  const [view, bytes = 0] = [before && presentTrace(before), before?.bytes];
  for (let trace = 2; trace <= 1001; trace += 1) store.add([spanOf(trace, 1)]);
  const after = store.get(traceIdOf(1));
  expect(after?.bytes).toBeLessThan(bytes / 4);
  expect(after && presentTrace(after)).toEqual(view);

  store.add([...spans, spanOf(1, 99, { startUs: -5, name: 'first' })]);
  expect(after && presentTrace(after)).toMatchObject({ name: 'first', spans: 31, durationMs: 1.034 });
  expect(after?.bytes).toBeLessThan(bytes / 4);
  const total = store.list({}, { limit: 3000 }).rows.reduce((sum, trace) => sum + trace.bytes, 0);
  expect(store.bytes).toBe(total);
});
