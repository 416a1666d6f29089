import { useFakeClock, type FakeClock } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Kept, type Ending, type Program } from './kept.ts';

/** A program whose runs end when the test says so. */
class Runs implements Program {
  readonly name = 'wiki';
  readonly all: { end(ending: Ending): void; stopped: boolean }[] = [];
  failing = false;

  async start() {
    if (this.failing) throw new Error('no memory');
    const { promise: ended, resolve: end } = Promise.withResolvers<Ending>();
    const run = { end, stopped: false };
    this.all.push(run);
    const stop = async () => {
      run.stopped = true;
    };
    return { ended, stop };
  }
}

const exit: Ending = { how: 'exit code 1', cause: 'exit' };
const kill: Ending = { how: 'SIGKILL', cause: 'signal' };
const refusal: Ending = { how: 'exit code 1', cause: 'configuration' };

let clock: FakeClock;
let runs: Runs;
let said: string[];
let kept: Kept;

beforeEach(async () => {
  clock = useFakeClock();
  runs = new Runs();
  said = [];
  kept = new Kept(runs, (line) => said.push(line));
  await kept.start();
});
afterEach(async () => {
  await kept.stop();
  await clock[Symbol.asyncDispose]();
});

/** Ends the current run. */
async function endRun(ending: Ending): Promise<void> {
  runs.all.at(-1)?.end(ending);
  await clock.advance(0);
}

test('what ends by itself starts again, after a delay that grows up to a bound', async () => {
  for (const [index, waitMs] of [500, 1000, 2000, 4000, 8000, 15_000, 15_000].entries()) {
    await endRun(kill);
    expect(said.at(-1)).toBe(`wiki ended with SIGKILL; it starts again in ${waitMs / 1000} s`);
    await clock.advance(waitMs - 1);
    expect(runs.all).toHaveLength(index + 1);
    await clock.advance(1);
    expect(runs.all).toHaveLength(index + 2);
  }
});

test('what has run for half a minute has started well: its next end is the first again', async () => {
  await endRun(kill);
  await clock.advance(500);
  await endRun(kill);
  await clock.advance(1000);
  await clock.advance(30_001);
  await endRun(kill);
  expect(said.at(-1)).toContain('starts again in 0.5 s');
});

test('a change starts it again at once: while it runs, and while it waits', async () => {
  kept.renew();
  await clock.advance(0);
  expect(runs.all.map(({ stopped }) => stopped)).toEqual([true, false]);
  await endRun(exit);
  kept.renew();
  await clock.advance(0);
  expect(runs.all).toHaveLength(3);
  await endRun(exit);
  expect(said.at(-1)).toContain('starts again in 1 s');
});

test('what its configuration keeps from starting is tried again after a change only', async () => {
  await endRun(refusal);
  expect(said).toEqual([
    'wiki ended with exit code 1: its configuration is invalid. It starts again when a setting changes',
  ]);
  await clock.advance(3_600_000);
  expect(runs.all).toHaveLength(1);
  kept.renew();
  await clock.advance(0);
  expect(runs.all).toHaveLength(2);
});

test('tells that it exited until it is renewed; that it was killed says nothing of it', async () => {
  await endRun(kill);
  expect(kept.ended).toBeUndefined();
  await clock.advance(500);
  await endRun(exit);
  await clock.advance(1000);
  expect(kept.ended).toBe('exit code 1');
  kept.renew();
  await clock.advance(0);
  expect(kept.ended).toBeUndefined();
});

test('a start that fails is tried again as well', async () => {
  runs.failing = true;
  await endRun(kill);
  await clock.advance(500);
  expect(said.at(-1)).toBe('wiki ended with an error at its start (no memory); it starts again in 1 s');
  runs.failing = false;
  await clock.advance(1000);
  expect(runs.all).toHaveLength(2);
});

test.each([
  ['while it runs', async () => {}],
  ['while it waits', () => endRun(kill)],
  ['after its configuration was refused', () => endRun(refusal)],
])('stops %s, and does not start again', async (_when, before) => {
  await before();
  await kept.stop();
  await clock.advance(3_600_000);
  expect(runs.all).toHaveLength(1);
});
