import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exposition } from '../telemetry/index.ts';
import { recordingLogger, useFakeClock, type FakeClock } from '../testing/index.ts';
import { ClockCheck, SteadyClock, timeOfService } from './index.ts';

let fake: FakeClock;
let log: ReturnType<typeof recordingLogger>;
let aheadMs: number;
let clock: SteadyClock;
const checks: ClockCheck[] = [];
beforeEach(() => {
  fake = useFakeClock();
  log = recordingLogger();
  aheadMs = 0;
  clock = new SteadyClock({ wall: () => Date.now() + aheadMs, hasReference: true });
});
afterEach(async () => {
  for (const check of checks.splice(0)) check.stop();
  await fake[Symbol.asyncDispose]();
});

function start(...read: (() => Promise<number>)[]): ClockCheck {
  const check = new ClockCheck({
    clock,
    read,
    reference: 'auth',
    consequence: "users' tokens are refused",
    log,
  });
  checks.push(check);
  check.start();
  return check;
}

const said = () => log.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
const right = () => Promise.resolve(Date.now());

test('a clock that is right says nothing', async () => {
  const check = start(right);
  await fake.advance(60_000);
  expect(check.status()).toMatchObject({ aheadMs: 0, wrong: false });
  expect(said()).toEqual([]);
});

test('one that is an hour behind is said once, as the metric and the status, and once that it is right again', async () => {
  aheadMs = -3_600_000;
  const check = start(right);
  await fake.advance(60_000);
  expect(check.status()).toMatchObject({ aheadMs: -3_600_000, wrong: true });
  expect(said()).toEqual([
    "this machine's clock is 3,600 s behind auth's: users' tokens are refused. Set the clock that is wrong",
  ]);
  expect((await exposition()).text).toContain('mesh_clock_offset_seconds{reference="auth"} -3600');
  aheadMs = 0;
  // At once, not with the next reading, because the jump was noticed.
  expect(check.status().wrong).toBe(false);
  await fake.advance(1000);
  expect(said().slice(1)).toEqual([
    "this machine's clock was set forward by 3,600 s",
    "this machine's clock agrees with auth's again",
  ]);
});

test.each([
  [4900, false],
  [5100, true],
  [-5100, true],
])('%i ms off: wrong is %s', async (off, wrong) => {
  aheadMs = off;
  const check = start(right);
  await fake.advance(20_000);
  expect(check.status().wrong).toBe(wrong);
});

test('one at the edge of what is tolerated does not alternate', async () => {
  aheadMs = 5100;
  start(right);
  for (const off of [4900, 5100, 4500, 5100]) {
    aheadMs = off;
    await fake.advance(20_000);
  }
  expect(said()).toHaveLength(1);
});

test('an answer counts as of the middle of its way; one that takes long, or fails, does not count', async () => {
  const late = (ms: number) => () =>
    new Promise<number>((resolve) => {
      setTimeout(() => {
        const time = Date.now();
        setTimeout(() => resolve(time), ms / 2);
      }, ms / 2);
    });
  const check = start(late(800));
  await fake.advance(2000);
  expect(check.status()).toMatchObject({ aheadMs: 0, wrong: false, responseTimeMs: 800 });
  const none = start(late(3000), () => Promise.reject(new Error('away')));
  await fake.advance(20_000);
  expect([none.status().wrong, said()]).toEqual([false, []]);
});

test('of several endpoints the nearest counts: another one may be wrong', async () => {
  const check = start(() => Promise.resolve(Date.now() + 7_200_000), right);
  await fake.advance(2000);
  expect(check.status()).toMatchObject({ aheadMs: 0, wrong: false });
});

test('before it is known it is asked each second, so that one that starts first waits no longer', async () => {
  let asked = 0;
  const check = start(() => {
    asked += 1;
    return asked < 4 ? Promise.reject(new Error('not there yet')) : right();
  });
  await fake.advance(3500);
  expect([asked, check.status().aheadMs]).toEqual([4, 0]);
  await fake.advance(9000);
  expect(asked).toBe(4);
});

test.each([
  ['its timestamp, to the millisecond', (time: number) => JSON.stringify({ timestamp: new Date(time) }), 1],
  ['its date header, where it says no more', () => 'ready', 500],
])('a service tells its time by %s', async (_how, body, toleranceMs) => {
  const time = Date.UTC(2020, 1, 1);
  const server = createServer((_request, response) =>
    response.writeHead(503, { date: new Date(time).toUTCString() }).end(body(time)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [read] = timeOfService(`http://127.0.0.1:${port}`);
  const told = await read?.(new AbortController().signal);
  server.closeAllConnections();
  server.close();
  expect(Math.abs((told ?? 0) - time)).toBeLessThanOrEqual(toleranceMs);
});
