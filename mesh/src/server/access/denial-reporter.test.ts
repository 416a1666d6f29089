import { TRPCClientError } from '@trpc/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nobody, type Caller } from '../../contract/index.ts';
import { exposition } from '../../telemetry/index.ts';
import { recordingLogger } from '../../testing/logger.ts';
import { useFakeClock, type FakeClock } from '../../testing/fake-clock.ts';
import { DenialReporter, type DenialReport } from './denial-reporter.ts';
import type { Denial } from './denial.ts';

let clock: FakeClock;
let log: ReturnType<typeof recordingLogger>;
let reporter: DenialReporter;
/** What has arrived, batch by batch. */
let sent: (readonly DenialReport[])[];
/** What a batch is answered with instead of being taken. */
let failing: (() => Promise<never>) | undefined;

beforeEach(() => {
  clock = useFakeClock();
  log = recordingLogger();
  sent = [];
  failing = undefined;
  reporter = new DenialReporter({
    log,
    send: async (batch) => {
      await failing?.();
      sent.push([...batch]);
    },
  });
  reporter.start();
});
afterEach(async () => {
  const stopped = reporter.stop();
  await clock.advance(3000);
  await stopped;
  await clock[Symbol.asyncDispose]();
});

const userNamed = (id: string): Caller => ({
  service: undefined,
  user: { id, name: 'Ann', role: 'user', tokenId: 't', expiresAt: Infinity },
});

function deny(some: Partial<Denial> = {}): void {
  reporter.add({
    procedure: 'pages.create',
    caller: userNamed('ann'),
    reason: 'not-admitted',
    message: 'This caller may not call this procedure',
    mode: 'enforce',
    peer: { address: '192.0.2.1', userAgent: undefined },
    requestId: 'request-1',
    ...some,
  });
}

const unavailable = async (): Promise<never> => {
  throw new Error('nobody is there');
};

async function droppedCount(): Promise<number> {
  const { text } = await exposition();
  return text
    .split('\n')
    .filter((line) => line.startsWith('mesh_server_denial_reports_dropped_total{'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('a denial is on its way within a second, with all that is known of it', async () => {
  const since = new Date().toISOString();
  deny();
  await clock.advance(1000);
  expect(sent).toEqual([
    [
      {
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        since,
        count: 1,
        caller: { kind: 'user', id: 'ann' },
        userId: null,
        procedure: 'pages.create',
        reason: 'not-admitted',
        message: 'This caller may not call this procedure',
        mode: 'enforce',
        address: '192.0.2.1',
        requestId: 'request-1',
      },
    ],
  ]);
});

const forged = (address: string): Partial<Denial> => ({
  caller: nobody,
  reason: 'bad-credentials',
  message: 'The user token is refused: its signature is wrong',
  peer: { address, userAgent: undefined },
});

test('whoever sends forged tokens from a whole network of addresses is one', async () => {
  for (let n = 1; n <= 5000; n += 1) deny(forged(`2001:db8::${n.toString(16)}`));
  await clock.advance(1000);
  expect(sent.flat()).toMatchObject([{ count: 5000, address: '2001:db8::1' }]);
});

test.each(['told apart', 'waiting to be sent'])(
  'nor do strangers take the place of all who are known: of those that are %s',
  async (which) => {
    if (which !== 'told apart') failing = unavailable;
    for (let n = 0; n < 5000; n += 1) deny(forged(`10.0.${n >> 8}.${n & 255}`));
    if (which !== 'told apart') {
      await clock.advance(1000);
      failing = undefined;
    }
    deny();
    await clock.advance(2000);
    expect(sent.flat()).toContainEqual(expect.objectContaining({ caller: { kind: 'user', id: 'ann' } }));
  },
);

test('a service is the caller, also where it acts for a user', async () => {
  const service = { id: 'w', name: 'wiki', tokenId: 't', expiresAt: Infinity };
  deny({ caller: { ...userNamed('ann'), service } });
  await clock.advance(1000);
  expect(sent.flat()).toMatchObject([{ caller: { kind: 'service', id: 'wiki' }, userId: 'ann' }]);
});

test('the same again is counted, and reported once a minute', async () => {
  for (let n = 0; n < 500; n += 1) deny();
  await clock.advance(1000);
  for (let second = 0; second < 100; second += 1) {
    deny();
    await clock.advance(1000);
  }
  await clock.advance(60_000);
  expect(sent.flat().map(({ count }) => count)).toEqual([500, 59, 41]);
  // And then nothing is left of it.
  await clock.advance(120_000);
  deny();
  await clock.advance(1000);
  expect(sent.flat().at(-1)?.count).toBe(1);
  expect(sent.flat()).toHaveLength(4);
});

test('what differs in caller, procedure, reason or address is told apart', async () => {
  deny();
  deny({ caller: userNamed('ben') });
  deny({ caller: nobody, reason: 'bad-credentials', message: 'The user token is refused: it has expired' });
  deny({ procedure: 'pages.move' });
  deny({ peer: { address: '192.0.2.2', userAgent: undefined } });
  deny({ requestId: 'request-2' });
  await clock.advance(1000);
  expect(sent.flat().map(({ count }) => count)).toEqual([2, 1, 1, 1, 1]);
});

test('who shows no credentials is not reported', async () => {
  deny({ caller: nobody, reason: 'no-credentials' });
  await clock.advance(2000);
  expect(sent).toEqual([]);
});

describe('when nobody takes them', () => {
  test('they wait, and arrive under the ids that they had', async () => {
    const tried: string[] = [];
    failing = unavailable;
    reporter = new DenialReporter({
      log,
      send: async (batch) => {
        tried.push(batch.map(({ id }) => id).join());
        await failing?.();
        sent.push([...batch]);
      },
    });
    reporter.start();
    deny();
    await clock.advance(5000);
    expect(new Set(tried).size).toBe(1);
    expect(tried.length).toBeGreaterThan(2);
    failing = undefined;
    await clock.advance(1000);
    expect(sent.flat().map(({ id }) => id)).toEqual([tried[0]]);
    // One line for all of that time.
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('as many as a thousand, and the rest is counted as dropped', async () => {
    const before = await droppedCount();
    failing = unavailable;
    for (let n = 0; n < 1500; n += 1) deny({ caller: userNamed(`user-${n}`) });
    await clock.advance(1000);
    expect(await droppedCount()).toBe(before + 500);
    failing = undefined;
    await clock.advance(2000);
    expect(sent.flat()).toHaveLength(1000);
    expect(Math.max(...sent.map(({ length }) => length))).toBe(100);
  });

  test('what is refused for good does not stand in the way of what comes after', async () => {
    const before = await droppedCount();
    failing = async () => {
      throw new TRPCClientError('no', {
        result: { error: { message: 'no', code: -32600, data: { code: 'BAD_REQUEST' } } },
      });
    };
    deny();
    await clock.advance(1000);
    failing = undefined;
    deny({ procedure: 'pages.move' });
    await clock.advance(1000);
    expect(sent.flat().map(({ procedure }) => procedure)).toEqual(['pages.move']);
    expect(await droppedCount()).toBe(before + 1);
  });
});

describe('stop', () => {
  test('sends what is left, without waiting for its turn', async () => {
    deny();
    await clock.advance(1000);
    deny();
    deny();
    await reporter.stop();
    expect(sent.flat().map(({ count }) => count)).toEqual([1, 2]);
  });

  test.each([
    ['gives up when it is told to', true],
    ['never ends', false],
  ])('waits for no more than 2 s, and says what was not sent: sending %s', async (_what, heeds) => {
    const before = await droppedCount();
    reporter = new DenialReporter({
      log,
      send: (_batch, signal) =>
        new Promise((_resolve, reject) => {
          if (heeds) signal.addEventListener('abort', () => reject(new Error('given up')));
        }),
    });
    reporter.start();
    deny();
    deny();
    const stopped = reporter.stop();
    await clock.advance(2000);
    await stopped;
    expect(await droppedCount()).toBe(before + 2);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn', fields: { denials: 2 } }));
  });
});
