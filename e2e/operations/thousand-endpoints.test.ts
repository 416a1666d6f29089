import type { ConnectOptions } from '@arcadium/mesh/client';
import { anyone, contract, query, MeshError } from '@arcadium/mesh/contract';
import {
  createMemoryNetwork,
  useFakeClock,
  type FakeClock,
  type MemoryService,
} from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

// A thousand endpoints: the whole stack of clients and services in memory, on a clock that the test moves. Prints
// figures of docs/scaling.md.

const shelf = contract('shelf', {
  get: query({ summary: 'Answers at once, or fails', output: z.object({}), access: anyone }),
});
const endpoints = 1000;
const clients = 25;
/** Of each client, within two seconds: ten every 50 ms. */
const callsEach = 400;

let clock: FakeClock;
let network: ReturnType<typeof createMemoryNetwork>;
let services: MemoryService[];
/** Attempts that each endpoint received. */
const received: number[] = [];
/** So many of the endpoints fail every call. */
let broken = 0;

beforeAll(() => {
  clock = useFakeClock();
  network = createMemoryNetwork();
  services = Array.from({ length: endpoints }, (_, index) => {
    const get = async () => {
      received[index] = (received[index] ?? 0) + 1;
      if (index < broken) throw new MeshError('SERVICE_UNAVAILABLE', 'It fails');
      return {};
    };
    return network.serve(shelf, { get });
  });
});
afterAll(async () => {
  const stopped = Promise.all(services.map((service) => service[Symbol.asyncDispose]()));
  await clock.advance(60_000);
  await stopped;
  await clock[Symbol.asyncDispose]();
});

/** The load of all clients, until the last call has ended. */
async function simulate(failing: number, over: Pick<ConnectOptions<'anyone'>, 'subsetSize'>) {
  broken = failing;
  received.splice(0, endpoints, ...Array.from({ length: endpoints }, () => 0));
  const url = services.map((service) => service.url);
  const callers = Array.from({ length: clients }, () =>
    network.connect(shelf, { as: 'anyone', url, ...over }),
  );
  let failed = 0;
  const calls: Promise<unknown>[] = [];
  for (let n = 0; n < callsEach; n += 10) {
    for (const caller of callers)
      for (let k = 0; k < 10; k += 1) calls.push(caller.get.query().catch(() => (failed += 1)));
    await clock.advance(50);
  }
  // The longest deadline of a person's call.
  for (let second = 0; second < 11; second += 1) await clock.advance(1000);
  await Promise.all(calls);
  await Promise.all(callers.map((caller) => caller[Symbol.asyncDispose]()));
  const total = received.reduce((sum, count) => sum + count, 0);
  return {
    endpointsUsed: received.filter((count) => count > 0).length,
    failedShare: failed / calls.length,
    attemptsPerCall: total / calls.length,
    busiestToMean: Math.max(...received) / (total / endpoints),
  };
}

test.each([
  { failing: 0, subsetSize: 100 },
  { failing: 100, subsetSize: 100 },
  { failing: 1000, subsetSize: 100 },
])('$failing of 1,000 fail, each client uses $subsetSize', async ({ failing, subsetSize }) => {
  const outcome = await simulate(failing, { subsetSize });
  console.log({ failing, subsetSize, ...outcome });
  // The budget: a fifth of the calls, and 10 a second for each client.
  expect(outcome.attemptsPerCall).toBeLessThan(1.2 + (clients * 10 * 13) / (clients * callsEach));
  if (failing < endpoints) expect(outcome.failedShare).toBe(0);
});
