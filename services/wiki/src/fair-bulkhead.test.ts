import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FairBulkhead, NoPlaceError, type Entry } from './fair-bulkhead.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that says when it begins, and is done when it is told so. */
function watch(bulkhead: FairBulkhead) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, entry: Partial<Entry> = {}) =>
    bulkhead.run(name.split('-')[0], { waitMs: 1000, ...entry }, () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { begun, run, end };
}

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof NoPlaceError ? error.reason : error),
  );

test('no source has all places, and sources take turns', async () => {
  const { begun, run, end } = watch(new FairBulkhead({ maxInFlight: 3 }));
  for (const name of ['a-1', 'a-2', 'a-3', 'a-4', 'b-1', 'b-2', 'c-1']) void run(name);
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(['a-1', 'a-2', 'b-1']);
  await end('a-1');
  await end('a-2');
  await end('b-1');
  expect(begun.slice(3)).toEqual(['a-3', 'b-2', 'c-1']);
});

test('a single place is for every source', async () => {
  const { begun, run, end } = watch(new FairBulkhead({ maxInFlight: 1 }));
  for (const name of ['a-1', 'a-2', 'a-3', 'b-1']) void run(name);
  await vi.advanceTimersByTimeAsync(0);
  for (const name of ['a-1', 'a-2', 'b-1']) await end(name);
  expect(begun).toEqual(['a-1', 'a-2', 'b-1', 'a-3']);
});

test('those behind come last, and never have all places together', async () => {
  const { begun, run, end } = watch(new FairBulkhead({ maxInFlight: 2 }));
  for (const name of ['a-1', 'b-1', 'c-1']) void run(name, { behind: true });
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(['a-1']);
  void run('d-1');
  void run('e-1');
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(['a-1', 'd-1']);
  await end('a-1');
  expect(begun).toEqual(['a-1', 'd-1', 'e-1']);
  await end('d-1');
  expect(begun).toEqual(['a-1', 'd-1', 'e-1', 'b-1']);
});

test('of one source, and of all, only some may wait', async () => {
  const bulkhead = new FairBulkhead({ maxInFlight: 1, maxQueuedPerSource: 2, maxQueued: 3 });
  const { run } = watch(bulkhead);
  for (const name of ['a-1', 'a-2', 'a-3']) void run(name);
  expect(await reasonOf(run('a-4'))).toBe('source-full');
  void run('b-1');
  expect(await reasonOf(run('c-1'))).toBe('full');
});

test('whose turn does not come in time, or whose caller has gone, leaves the queue', async () => {
  const bulkhead = new FairBulkhead({ maxInFlight: 1, maxQueued: 2 });
  const { begun, run, end } = watch(bulkhead);
  void run('a-1');
  const late = reasonOf(run('a-2'));
  const leaving = new AbortController();
  const gone = reasonOf(run('b-1', { signal: leaving.signal }));
  leaving.abort('gone');
  expect(await gone).toBe('gone');
  await vi.advanceTimersByTimeAsync(1000);
  expect(await late).toBe('late');
  await end('a-1');
  expect(begun).toEqual(['a-1']);
  void run('c-1');
  await vi.advanceTimersByTimeAsync(1000);
  expect(begun).toEqual(['a-1', 'c-1']);
  expect(await reasonOf(run('a-3', { signal: AbortSignal.abort('before') }))).toBe('before');
});

test('work that fails gives its place back', async () => {
  const bulkhead = new FairBulkhead({ maxInFlight: 1 });
  const fail = () => bulkhead.run('a', { waitMs: 1000 }, () => Promise.reject(new Error('no')));
  await expect(fail()).rejects.toThrow('no');
  await expect(fail()).rejects.toThrow('no');
});
