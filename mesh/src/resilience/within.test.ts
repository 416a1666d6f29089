import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { within } from './within.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => {});
const outcome = (waiting: Promise<unknown>) => waiting.catch((error: unknown) => error);

test.each([
  ['its result', () => Promise.resolve('done'), 'done'],
  ['its failure', () => Promise.reject(new Error('no')), new Error('no')],
  [
    'what it throws',
    () => {
      throw new Error('no');
    },
    new Error('no'),
  ],
])('what is done in time comes to %s, and leaves no timer', async (_what, work, expected) => {
  expect(await outcome(within(work, { ms: 1000 }))).toEqual(expected);
  expect(vi.getTimerCount()).toBe(0);
});

test('what is late is given up, is told so, and what it fails with later is of no interest', async () => {
  const told: unknown[] = [];
  const work = Promise.withResolvers<string>();
  const waiting = outcome(
    within(
      (signal) => {
        signal.addEventListener('abort', () => told.push(signal.reason));
        return work.promise;
      },
      { ms: 1000 },
    ),
  );
  await vi.advanceTimersByTimeAsync(1000);
  expect(await waiting).toEqual(new Error('no answer within 1000 ms'));
  expect(told).toEqual([new Error('no answer within 1000 ms')]);
  work.reject(new Error('too late'));
  await vi.advanceTimersByTimeAsync(1);
});

test('what is late may come to something else', async () => {
  const value = within(never, { ms: 5, onLate: () => 'late' });
  const error = outcome(
    within(never, {
      ms: 5,
      onLate: () => {
        throw new Error('mine');
      },
    }),
  );
  await vi.advanceTimersByTimeAsync(5);
  expect([await value, await error]).toEqual(['late', new Error('mine')]);
});

test('a signal ends the wait with its reason, and is let go of', async () => {
  const { signal, abort } = controlled();
  const waiting = outcome(within(never, { ms: 1000, signal }));
  abort(new Error('gone'));
  expect(await waiting).toEqual(new Error('gone'));
  expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  const work = vi.fn(never);
  expect(await outcome(within(work, { ms: 1000, signal }))).toEqual(new Error('gone'));
  expect(work).not.toHaveBeenCalled();
});

test('a signal that never fires keeps no listener', async () => {
  const { signal } = controlled();
  await within(() => Promise.resolve(), { ms: 1000, signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

function controlled() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: Error) => controller.abort(reason) };
}

test('without a limit, a wait ends with its signal', async () => {
  const ending = new AbortController();
  const waiting = outcome(within(never, { signal: ending.signal }));
  expect(vi.getTimerCount()).toBe(0);
  ending.abort(new Error('the process ends'));
  expect(await waiting).toEqual(new Error('the process ends'));
});
