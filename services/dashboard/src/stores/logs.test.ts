import { expect, test } from 'vitest';
import { presentFailure } from '../presenters/log-line.ts';
import { lineOf, traceIdOf, webResource } from '../testing/telemetry.ts';
import { LogStore } from './logs.ts';

const messages = (store: LogStore, filter = {}) =>
  store.list(filter, { limit: 100 }).rows.map(({ message }) => message);

test('filters by service, least level, text, trace and request, newest first', () => {
  const store = new LogStore();
  store.add([
    lineOf('page created', { level: 'debug', requestId: 'r1', traceId: traceIdOf(1) }),
    lineOf('call failed', {
      level: 'error',
      requestId: 'r1',
      fields: { names: ['code'], values: ['TIMEOUT'] },
    }),
    lineOf('listening', { resource: webResource }),
  ]);
  expect(messages(store)).toEqual(['listening', 'call failed', 'page created']);
  expect(messages(store, { service: 'web' })).toEqual(['listening']);
  expect(messages(store, { level: 'warn' })).toEqual(['call failed']);
  expect(messages(store, { text: 'Page' })).toEqual(['page created']);
  expect(messages(store, { text: 'timeout' })).toEqual(['call failed']);
  expect(messages(store, { text: 'CODE' })).toEqual(['call failed']);
  expect(messages(store, { text: '.*' })).toEqual([]);
  expect(messages(store, { requestId: 'r1' })).toEqual(['call failed', 'page created']);
  expect(messages(store, { traceId: traceIdOf(1), service: 'wiki' })).toEqual(['page created']);
});

test('the oldest lines make room, by number and by bytes', () => {
  const store = new LogStore({ mostLines: 10 });
  for (let n = 1; n <= 25; n += 1) store.add([lineOf(`line ${n}`)]);
  expect(messages(store)).toEqual(Array.from({ length: 10 }, (_, n) => `line ${25 - n}`));
  const small = new LogStore({ mostBytes: 20_000 });
  for (let n = 1; n <= 50; n += 1) {
    small.add([lineOf(`${n} `.repeat(600))]);
    expect(small.bytes).toBeLessThanOrEqual(20_000);
  }
  expect(small.size).toBeGreaterThan(5);
});

test('pages continue after the last line, and after a search that examined enough', () => {
  const store = new LogStore();
  store.add([lineOf('rare')]);
  store.add(Array.from({ length: 3500 }, (_, n) => lineOf(`${n} `.padEnd(4000, 'x'))));
  const first = store.list({}, { limit: 2 });
  expect(first.rows).toHaveLength(3);
  const next = store.list({}, { before: first.rows[1]?.number, limit: 1 });
  expect(next.rows[0]?.number).toBe(first.rows[2]?.number);

  const search = store.list({ text: 'rare' }, { limit: 5 });
  expect(search.rows).toEqual([]);
  let { until } = search;
  let pages = 1;
  let rows = search.rows;
  while (until !== undefined && pages < 10) {
    ({ rows, until } = store.list({ text: 'rare' }, { before: until, limit: 5 }));
    pages += 1;
  }
  expect(rows.map(({ message }) => message)).toEqual(['rare']);
  expect(pages).toBeLessThan(10);
});

test('failures of a service are its last 20 lines that warn and belong to a call', () => {
  const store = new LogStore();
  store.add([
    lineOf('other service', { level: 'error', requestId: 'r', resource: webResource }),
    lineOf('no call', { level: 'error' }),
    lineOf('no failure', { requestId: 'r' }),
    ...Array.from({ length: 25 }, (_, n) =>
      lineOf(`failed ${n}`, { level: 'warn', traceId: traceIdOf(n + 1) }),
    ),
    lineOf('last', { level: 'fatal', requestId: 'r' }),
  ]);
  const failures = store.failuresOf('wiki').map(({ message }) => message);
  expect(failures).toEqual(['last', ...Array.from({ length: 19 }, (_, n) => `failed ${24 - n}`)]);
});

test('a failure names its reason, as the mesh logs it', () => {
  const failed = (name: string, value: string) => {
    const store = new LogStore();
    store.add([
      lineOf('a call failed', { level: 'error', requestId: 'r', fields: { names: [name], values: [value] } }),
    ]);
    return store.failuresOf('wiki').map((line) => presentFailure(line).message);
  };
  expect(failed('reason', 'the database is away')).toEqual(['a call failed: the database is away']);
  expect(failed('error', 'no answer')).toEqual(['a call failed: no answer']);
  const err = JSON.stringify({ type: 'Error', message: 'a "quoted"\n text', stack: 'x' });
  expect(failed('err', err)).toEqual(['a call failed: a "quoted"\n text']);
  expect(failed('err', err.slice(0, 30))).toEqual(['a call failed']);
  expect(failed('err', String.raw`{"message":"\x"}`)).toEqual(['a call failed']);
  expect(failed('err', '{"message":"\n"}')).toEqual(['a call failed']);
  expect(failed('code', 'TIMEOUT')).toEqual(['a call failed']);
});
