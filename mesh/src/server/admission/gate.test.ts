import { expect, test } from 'vitest';
import { anyone, query, type Priority } from '../../contract/index.ts';
import { z } from 'zod';
import { TurnQueue } from '../../resilience/index.ts';
import { silentLogger } from '../../testing/index.ts';
import { InFlight } from '../socket/in-flight.ts';
import { Gate } from './gate.ts';
import { LoopSampler } from './loop-sampler.ts';
import { ShedLog } from './shed-log.ts';

/** A gate on an event loop that a test turns by hand. */
function setUp(priority: Priority = 'normal') {
  let now = 1000;
  let next: (() => void)[] = [];
  const turns = new TurnQueue({ nextTurn: (run) => next.push(run), now: () => now });
  const around = { service: 'inn', turns, loop: new LoopSampler(), shed: new ShedLog(silentLogger) };
  const gate = new Gate(around, 'usual', query({ summary: '', output: z.null(), access: anyone, priority }));
  const enter = (arrival: { timeoutMs?: number; signal?: InFlight } = {}) =>
    gate.enter({ timeoutMs: undefined, signal: undefined, ...arrival }, now);
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
  return { gate, enter, fill, turn, pass: (ms: number) => (now += ms) };
}

test.each([
  ['sheddable', 50],
  ['normal', 100],
  ['critical', 1000],
] as const)('in an overload, a %s call waits for up to %i ms', async (priority, patienceMs) => {
  const waitFor = async (ms: number) => {
    const { gate, enter, fill, turn, pass } = setUp(priority);
    const first = Promise.allSettled([fill()]);
    pass(1000);
    const wait = enter();
    const before = gate.inFlight;
    pass(ms);
    turn();
    turn();
    const [[other], outcome] = await Promise.all([first, Promise.allSettled([Promise.resolve(wait)])]);
    expect(other.status).toBe('rejected');
    return { outcome: outcome[0], left: before - gate.inFlight };
  };
  expect(await waitFor(patienceMs)).toMatchObject({ outcome: { status: 'fulfilled' }, left: 1 });
  expect(await waitFor(patienceMs + 1)).toMatchObject({
    outcome: { status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE', retry: 'safe' } },
    left: 2,
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
  const { enter, fill, turn, pass, gate } = setUp();
  const other = fill();
  const late = enter({ timeoutMs: 20 });
  const patient = enter({ timeoutMs: 21 });
  const before = gate.inFlight;
  pass(20);
  turn();
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', retry: 'safe' });
  await expect(Promise.all([other, patient])).resolves.toHaveLength(2);
  expect(gate.inFlight).toBe(before - 1);
});

test('what its caller has left is dropped', async () => {
  const { enter, fill, turn, gate } = setUp();
  const other = fill();
  const signal = new InFlight();
  const left = enter({ signal });
  const before = gate.inFlight;
  signal.cancel();
  turn();
  await expect(left).rejects.toMatchObject({ code: 'CLIENT_CLOSED_REQUEST' });
  await other;
  expect(gate.inFlight).toBe(before - 1);
});

test('a refusal has no stack', () => {
  const { gate } = setUp();
  expect(gate.refuse('limit').stack).not.toContain('\n');
  expect(gate.refuse('deadline-passed').stack).not.toContain('\n');
  expect(new Error('another').stack).toContain('\n');
});
