import { expect, test } from 'vitest';
import { ProcessCounters } from './process-counters.ts';

const intervalMs = 2000;
const begin = Date.parse('2026-11-30T12:00:00Z');

/** A process that is read every two seconds. */
function process() {
  let grown = 0;
  let gauge: number | undefined;
  let round = 0;
  const counters = new ProcessCounters(({ name }) => {
    if (name === 'calls_total') return { kind: 'counter', add: (more) => void (grown += more) };
    return name === 'queue' ? { kind: 'gauge', set: (value) => void (gauge = value) } : undefined;
  });
  return {
    /**
     * What its counter grew by, in this text.
     *
     * @param after Intervals since the text before.
     * @param between Of these, since the round before.
     */
    read(text: string, after = 1, between = 1): number {
      round += after;
      grown = 0;
      const nowMs = round * intervalMs;
      counters.read(text, { at: begin + nowMs, nowMs, roundMs: between * intervalMs });
      return grown;
    },
    gauge: () => gauge,
    /** Time at which the next text is read, after the start of the test, in seconds. */
    next: () => ((round + 1) * intervalMs) / 1000,
  };
}

const text = (startedAfter: number, calls: number, more = '') =>
  `process_start_time_seconds ${begin / 1000 + startedAfter}\ncalls_total ${calls}\n${more}`;

test('what was counted before the first text does not count, what is added does', () => {
  const { read, gauge } = process();
  expect(read(text(-500, 1000, 'queue 3\n'))).toBe(0);
  expect(gauge()).toBe(3);
  expect(read(text(-500, 1007))).toBe(7);
  expect(read(text(-500, 1007))).toBe(0);
});

test('a series that a known process shows for the first time began at nothing', () => {
  const { read } = process();
  read('process_start_time_seconds 1\n');
  expect(read('process_start_time_seconds 1\ncalls_total 4\n')).toBe(4);
});

test('a process that was started again counts from nothing, even if it is ahead already', () => {
  const { read, next } = process();
  read(text(-500, 10));
  read(text(-500, 20));
  expect(read(text(next() - 1, 50))).toBe(50);
  expect(read(text(next() - 2, 51))).toBe(51);
  expect(read(text(next() - 4.5, 51))).toBe(51);
});

test('without a start time, a counter that is less than before began again', () => {
  const { read } = process();
  read('calls_total 100\n');
  expect(read('calls_total 4\n')).toBe(4);
  expect(read('calls_total 9\n')).toBe(5);
});

test('another process behind the same address, which ran before, adds nothing in that round', () => {
  const { read } = process();
  read(text(-500, 10));
  expect(read(text(-900, 100_000))).toBe(0);
  expect(read(text(-900, 100_002))).toBe(2);
  expect(read(text(-500, 14))).toBe(0);
});

test('after a gap, the share of one round counts, so that the rate is right', () => {
  const { read } = process();
  read(text(-500, 0));
  expect(read(text(-500, 20), 2)).toBe(20);
  expect(read(text(-500, 120), 10)).toBe(10);
  // The dashboard itself was late: the round is as long as the gap.
  expect(read(text(-500, 220), 10, 10)).toBe(100);
});

test('values that are no counts add nothing', () => {
  const { read } = process();
  read('calls_total 5\n');
  expect(read('calls_total NaN\n')).toBe(0);
  expect(read('calls_total +Inf\n')).toBe(0);
  expect(read('calls_total -3\n')).toBe(0);
});

test('after a text that cannot be read, the next counts from the one before', () => {
  const { read } = process();
  read(text(-500, 10));
  expect(() => read(text(-500, 12, 'calls{ 1\n'))).toThrow('has labels that cannot be read');
  expect(read(text(-500, 15))).toBe(5);
});
