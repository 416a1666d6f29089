import { expect, test } from 'vitest';
import { anyone, query, type Priority } from '../../contract/index.ts';
import { z } from 'zod';
import { TurnQueue } from '../../resilience/index.ts';
import { silentLogger } from '../../testing/index.ts';
import { Cancellation } from '../call/deadline.ts';
import { Gate } from './gate.ts';
import { OpenPerCaller } from './per-caller.ts';
import { RefusalLog, shedWords } from './refusal-log.ts';

/** A gate on an event loop that a test turns by hand. */
function setUp(priority: Priority = 'normal') {
  let now = 1000;
  let next: (() => void)[] = [];
  const turns = new TurnQueue({ nextTurn: (run) => next.push(run), now: () => now });
  const shed = new RefusalLog(silentLogger, shedWords);
  const subscriptions = new OpenPerCaller();
  const database = { until: -Infinity, look() {} };
  const around = { service: 'inn', turns, shed, subscriptions, database };
  const gate = new Gate(around, 'usual', query({ summary: '', output: z.null(), access: anyone, priority }));
  const enter = (arrival: { timeoutMs?: number; signal?: Cancellation } = {}) =>
    gate.takeTurn({ timeoutMs: undefined, signal: undefined, ...arrival }, now);
  /** Lets calls in until one has to wait. */
  const fill = (): Promise<void> => {
    for (;;) {
      const wait = enter();
      if (wait) return wait;
      now += 3;
    }
  };
  const turn = (): void => {
    for (const run of next.splice(0)) run();
  };
  return { gate, shed, enter, fill, turn, pass: (ms: number) => (now += ms) };
}

test.each([
  ['sheddable', 50],
  ['normal', 100],
  ['critical', 1000],
] as const)('in an overload, a %s call waits for up to %i ms', async (priority, patienceMs) => {
  const waitFor = async (ms: number) => {
    const { enter, fill, turn, pass } = setUp(priority);
    const first = Promise.allSettled([fill()]);
    pass(1000);
    const wait = enter();
    pass(ms);
    turn();
    turn();
    const [[other], outcome] = await Promise.all([first, Promise.allSettled([Promise.resolve(wait)])]);
    expect(other.status).toBe('rejected');
    return outcome[0];
  };
  expect(await waitFor(patienceMs)).toMatchObject({ status: 'fulfilled' });
  expect(await waitFor(patienceMs + 1)).toMatchObject({
    status: 'rejected',
    reason: { code: 'SERVICE_UNAVAILABLE', retry: 'safe' },
  });
});

test('what comes at once is worked off, however long some of it waits', async () => {
  const { enter, fill, turn, pass } = setUp('sheddable');
  const waits = [fill(), Promise.resolve(enter()), Promise.resolve(enter())];
  for (let turns = 0; turns < 3; turns++) {
    pass(330);
    turn();
  }
  await expect(Promise.all(waits)).resolves.toHaveLength(3);
});

test('what has waited for as long as its caller would is dropped', async () => {
  const { enter, fill, turn, pass, gate, shed } = setUp();
  const other = fill();
  const late = enter({ timeoutMs: 20 });
  const patient = enter({ timeoutMs: 21 });
  pass(20);
  turn();
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', retry: 'safe' });
  await expect(Promise.all([other, patient])).resolves.toHaveLength(2);
  // What a caller says of its time is no want of capacity.
  expect([shed.active, gate.inFlight]).toEqual([false, 0]);
});

test('what its caller has left is dropped', async () => {
  const { enter, fill, turn } = setUp();
  const other = fill();
  const signal = new Cancellation();
  const left = enter({ signal });
  signal.cancel();
  turn();
  await expect(left).rejects.toMatchObject({ code: 'CLIENT_CLOSED_REQUEST' });
  await other;
});

test('what waits holds none of the limit, and a great many may wait', () => {
  const { gate, enter, fill } = setUp();
  void fill();
  const waits = Array.from({ length: 16_383 }, () => enter());
  expect(waits).not.toContain(undefined);
  expect(gate.inFlight).toBe(0);
  expect(() => enter()).toThrow(expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }));
});

test('a refusal has no stack', () => {
  const { gate } = setUp();
  expect(gate.refuse('limit').stack).not.toContain('\n');
  expect(gate.tooLate().stack).not.toContain('\n');
  expect(new Error('another').stack).toContain('\n');
});
