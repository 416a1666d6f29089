import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { anyService, contract, mutation, query } from '../../contract/index.ts';
import { exposition } from '../../telemetry/index.ts';
import {
  createMemoryNetwork,
  createTestIdentity,
  recordingLogger,
  useFakeClock,
  type FakeClock,
  type TestIdentity,
} from '../../testing/index.ts';
import { z } from 'zod';
import { openServiceToken, TokenRotation, verifyToken } from '../index.ts';
import { forge, now } from '../testing/forge.ts';
import type { ExchangeToken, ServiceToken, TokenRotationOptions } from '../index.ts';

const secondMs = 1000;
const hourMs = 3600 * secondMs;
const dayMs = 24 * hourMs;

const folder = mkdtempSync(join(tmpdir(), 'arcadium-rotation-'));
afterAll(() => rmSync(folder, { recursive: true }));

let identity: TestIdentity;
let userToken: string;
beforeAll(async () => {
  identity = await createTestIdentity();
  userToken = await identity.userToken();
});

let clock: FakeClock;
let log: ReturnType<typeof recordingLogger>;
const running: TokenRotation[] = [];
beforeEach(() => {
  clock = useFakeClock();
  log = recordingLogger();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((rotation) => rotation.stop()));
  await clock[Symbol.asyncDispose]();
});

/** Issues one successor of each token, as auth does. */
class Successors {
  readonly #made = new Map<string, Promise<{ token: string }>>();
  asked = 0;

  exchange(presented: string): Promise<{ token: string }> {
    this.asked += 1;
    let made = this.#made.get(presented);
    if (!made) {
      made = issue(presented);
      this.#made.set(presented, made);
    }
    return made;
  }

  get made(): number {
    return this.#made.size;
  }
}

/** Signs synchronously, so that no time passes. */
async function issue(presented: string): Promise<{ token: string }> {
  const { exp = NaN, iat = NaN, ...claims } = decodeJwt(presented);
  return { token: forge(identity.jwk, { claims: { ...claims, ...lifeOf(exp - iat) } }) };
}

const lifeOf = (seconds: number, from = now()) => ({ iat: from, exp: from + seconds, jti: randomUUID() });

/** A token of the wiki that was issued some days ago. */
const tokenOf = (days: number): string =>
  forge(identity.jwk, { claims: lifeOf(90 * 24 * 3600, now() - days * 24 * 3600) });

/** Starts the rotation of a token, by default with an auth that issues its successor. */
function rotate(token: ServiceToken, options: Partial<TokenRotationOptions> & { auth?: Successors }): void {
  const { auth = new Successors() } = options;
  const exchange: ExchangeToken = () => auth.exchange(token.current);
  const rotation = new TokenRotation({ token, exchange, log, random: () => 0.5, ...options });
  rotation.start();
  running.push(rotation);
}

const open = (token = tokenOf(0), file?: string) => openServiceToken({ token, file, log });

const lines = (level: string) => log.lines.filter((line) => line.level === level);

const tokenFile = (content: string): string => {
  const path = join(mkdtempSync(join(folder, 'token-')), 'SERVICE_TOKEN');
  writeFileSync(path, `${content}\n`, { mode: 0o600 });
  return path;
};

/** Waits, in real time, until a token other than the one before is in its file. */
async function kept(token: ServiceToken, before: string): Promise<void> {
  await vi.waitFor(() => {
    expect(token.current).not.toBe(before);
    expect(token.stored.token).toBe(token.current);
  });
}

async function metric(name: string): Promise<number | undefined> {
  const line = (await exposition()).text.split('\n').find((text) => text.startsWith(`${name}{`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

test('a token is exchanged at half of its life, and the new one is in force at once', async () => {
  const token = open();
  const first = token.current;
  rotate(token, {});
  await clock.advance(45 * dayMs - hourMs);
  expect(token.current).toBe(first);
  await clock.advance(hourMs);
  expect(token.current).not.toBe(first);
  expect(token.facts).toMatchObject({ service: 'wiki', serviceId: 'wiki-id' });
  expect(token.facts.expiresAt - Date.now()).toBeGreaterThan(89 * dayMs);
  expect(lines('info').map(({ message }) => message)).toEqual([
    expect.stringContaining('in memory only'),
    'the service token is renewed',
  ]);
});

test('a failure while the clock was a year ahead puts no later exchange off', async () => {
  const [token, auth] = [open(), new Successors()];
  const first = token.current;
  const exchange = vi.fn(() => auth.exchange(token.current)).mockRejectedValueOnce(new Error('away'));
  clock.setWallClock(365 * dayMs);
  rotate(token, { exchange });
  await vi.waitFor(() => clock.advance(secondMs).then(() => expect(lines('warn')).not.toEqual([])));
  clock.setWallClock(-365 * dayMs);
  await clock.advance(46 * dayMs);
  expect(token.current).not.toBe(first);
});

test.each([
  [0, 40.5],
  [0.999_999, 49.5],
])('chance (%s) puts it forward or back by a tenth (day %s)', async (chance, day) => {
  const token = open();
  const first = token.current;
  rotate(token, { random: () => chance });
  await clock.advance(day * dayMs - hourMs);
  expect(token.current).toBe(first);
  await clock.advance(2 * hourMs);
  expect(token.current).not.toBe(first);
});

test('200 days go by, each token good all the time, the metric and the log say so', async () => {
  const auth = new Successors();
  const token = open();
  rotate(token, { auth, random: Math.random });
  for (let day = 0; day < 200; day += 1) {
    await clock.advance(dayMs);
    await verifyToken('service', token.current, { keys: identity.keys });
    expect(await metric('mesh_service_token_remaining_seconds')).toBeGreaterThan(40 * 24 * 3600);
  }
  expect(auth.made).toBe(4);
  expect(auth.asked).toBe(4);
  // Only the token in the variable has expired.
  const loud = [...lines('warn'), ...lines('error')].map(({ message }) => message);
  expect(new Set(loud.map((message) => message.includes('which a restart uses')))).toEqual(new Set([true]));
});

test('one that is long due is exchanged some seconds after the start', async () => {
  const token = open(tokenOf(60));
  const first = token.current;
  rotate(token, {});
  await clock.advance(2400);
  expect(token.current).toBe(first);
  await clock.advance(200);
  expect(token.current).not.toBe(first);
});

test('a failed exchange is tried again, after 1 s at first and once an hour at last, for ever', async () => {
  const token = open(tokenOf(60));
  const attempts: number[] = [];
  let up = false;
  const auth = new Successors();
  rotate(token, {
    exchange: () => {
      attempts.push(Date.now());
      return up ? auth.exchange(token.current) : Promise.reject(new Error('nobody answers'));
    },
  });
  await clock.advance(20 * dayMs);
  const waits = attempts.slice(1).map((at, index) => Math.round((at - (attempts[index] ?? 0)) / secondMs));
  expect(waits.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 32]);
  expect(Math.max(...waits)).toBe(3600);
  expect(attempts.length).toBeGreaterThan(450);
  expect(lines('warn')[0]).toMatchObject({
    message: expect.stringContaining('could not renew the service token'),
    fields: { reason: 'nobody answers', retry_in_ms: 1000 },
  });
  up = true;
  await clock.advance(hourMs);
  expect(token.facts.expiresAt - Date.now()).toBeGreaterThan(89 * dayMs);
});

test('one that takes too long is given up, and tried again', async () => {
  const token = open(tokenOf(60));
  const signals: AbortSignal[] = [];
  rotate(token, {
    exchange: (signal) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  await clock.advance(63 * secondMs);
  expect(signals[0]?.aborted).toBe(true);
  await clock.advance(3 * secondMs);
  expect(signals).toHaveLength(2);
});

test('an answer that was lost is the same when asked for again', async () => {
  const auth = new Successors();
  const token = open(tokenOf(60));
  const lost: string[] = [];
  rotate(token, {
    exchange: async () => {
      const answer = await auth.exchange(token.current);
      if (lost.length > 0) return answer;
      lost.push(answer.token);
      throw new Error('the connection was lost');
    },
  });
  await clock.advance(5 * secondMs);
  expect([token.current]).toEqual(lost);
  expect([auth.made, auth.asked]).toEqual([1, 2]);
});

test.each<[string, () => Promise<unknown>]>([
  ['nothing', async () => undefined],
  ['no token', async () => ({ token: 'nonsense' })],
  [
    'another service’s',
    async () => ({
      token: forge(identity.jwk, { claims: { ...lifeOf(90 * 24 * 3600), service_name: 'notification' } }),
    }),
  ],
  [
    'one of the same name and another id',
    async () => ({
      token: forge(identity.jwk, { claims: { ...lifeOf(90 * 24 * 3600), service_id: 'another' } }),
    }),
  ],
  ['a user’s', async () => ({ token: userToken })],
  ['one that expires sooner', async () => ({ token: tokenOf(70) })],
])('what is no successor is refused: %s', async (_what, answer) => {
  const token = open(tokenOf(60));
  const first = token.current;
  let asked = 0;
  rotate(token, {
    exchange: async () => {
      asked += 1;
      return (await answer()) as { token: string };
    },
  });
  await clock.advance(10 * secondMs);
  expect(token.current).toBe(first);
  // After 2.5 s, and then with the waits of failed exchanges.
  expect([asked, lines('error').length + lines('warn').length]).toEqual([4, 4]);
  expect(JSON.stringify(log.lines)).not.toContain(first);
});

test('the log says when a token is about to expire: once a day, then as an error', async () => {
  const token = open();
  rotate(token, { exchange: () => Promise.reject(new Error('nobody answers')) });
  const about = (level: string) =>
    lines(level).filter(({ message }) => message.startsWith('the service token ') && /expire/.test(message));
  await clock.advance(71 * dayMs);
  expect([about('warn'), about('error')]).toEqual([[], []]);
  await clock.advance(2 * dayMs + hourMs);
  expect(about('warn').length).toBe(2);
  await clock.advance(15 * dayMs);
  expect(about('warn').length).toBe(17);
  expect(about('error')).toEqual([]);
  await clock.advance(dayMs);
  expect(about('error')).toMatchObject([{ fields: { token_id: token.facts.tokenId } }]);
  await clock.advance(2 * dayMs);
  expect(about('error').at(-1)?.message).toContain('has expired');
  expect(about('error').length).toBeLessThanOrEqual(4);
  expect(await metric('mesh_service_token_remaining_seconds')).toBeLessThan(0);
});

describe('two replicas', () => {
  test('that rotate at once, each in memory, get the same token', async () => {
    const auth = new Successors();
    const text = tokenOf(0);
    const replicas = [open(text), open(text)];
    for (const replica of replicas) rotate(replica, { auth });
    await clock.advance(46 * dayMs);
    expect([auth.made, auth.asked]).toEqual([1, 2]);
    expect(replicas[0]?.current).toBe(replicas[1]?.current);
    expect(replicas[0]?.current).not.toBe(text);
  });

  test('with one file: what one has put there, the other uses without asking', async () => {
    const auth = new Successors();
    const text = tokenOf(40);
    const file = tokenFile(text);
    const [early, late] = [open(text, file), open(text, file)];
    rotate(early, { auth, random: () => 0 });
    rotate(late, { auth, random: () => 0.2 });
    await clock.advance(2 * dayMs);
    await kept(early, text);
    expect(readFileSync(file, 'utf8')).toBe(`${early.current}\n`);
    await clock.advance(31 * secondMs);
    expect(late.current).toBe(early.current);
    // The old one would have been due on day 42.3.
    await clock.advance(12 * hourMs);
    expect(auth.asked).toBe(1);
    expect(await metric('mesh_service_token_rotations_total')).toBeDefined();
  });

  test('with one file, at once: all of them end with the token in the file', async () => {
    const auth = new Successors();
    const text = tokenOf(60);
    const file = tokenFile(text);
    const replicas = Array.from({ length: 8 }, () => open(text, file));
    for (const replica of replicas) rotate(replica, { auth });
    await clock.advance(3 * secondMs);
    await Promise.all(replicas.map((replica) => kept(replica, text)));
    await clock.advance(31 * secondMs);
    const written = readFileSync(file, 'utf8').trim();
    expect(replicas.map(({ current }) => current)).toEqual(replicas.map(() => written));
    expect(auth.made).toBe(1);
    expect([...lines('warn'), ...lines('error')]).toEqual([]);
  });
});

test('a process that ended between the answer and the file is followed by one that gets the same token', async () => {
  const auth = new Successors();
  const text = tokenOf(60);
  const file = tokenFile(text);
  const { token: lost } = await auth.exchange(text);
  const token = open(readFileSync(file, 'utf8').trim(), file);
  rotate(token, { auth });
  await clock.advance(5 * secondMs);
  await kept(token, text);
  expect(token.current).toBe(lost);
  expect(readFileSync(file, 'utf8').trim()).toBe(lost);
});

test('stopping cancels an exchange in progress, and logs nothing', async () => {
  const token = open(tokenOf(60));
  let given: AbortSignal | undefined;
  const exchange: ExchangeToken = (signal) => {
    given = signal;
    return new Promise(() => {});
  };
  const rotation = new TokenRotation({ token, log, exchange });
  rotation.start();
  await clock.advance(5 * secondMs);
  await rotation.stop();
  expect(given?.aborted).toBe(true);
  expect(log.lines).toEqual([]);
});

test('a service goes on calling with its new token over a new connection', async () => {
  const auth = new Successors();
  const network = createMemoryNetwork();
  const output = z.object({ token: z.string() });
  const whoami = z.object({ tokenId: z.string() });
  const tokens = contract('tokens', {
    rotate: mutation({ summary: 'The successor', input: z.object({}), output, access: anyService }),
    whoami: query({ summary: 'Who calls', input: z.object({}), output: whoami, access: anyService }),
  });
  let presented = '';
  await using service = network.serve(
    tokens,
    {
      rotate: () => auth.exchange(presented),
      whoami: async ({ caller }) => ({ tokenId: caller.service?.tokenId ?? '' }),
    },
    { authenticate: identity.authenticate },
  );
  const token = open(forge(identity.jwk, { claims: lifeOf(100) }));
  const client = network.connect(tokens, { as: 'wiki', url: service.url, token: () => token.current });
  rotate(token, {
    exchange: (signal) => {
      presented = token.current;
      return client.rotate.mutate({}, { signal });
    },
  });
  const before = await client.whoami.query({});
  expect(before.tokenId).toBe(token.facts.tokenId);
  await clock.advance(60 * secondMs);
  const after = await client.whoami.query({});
  expect(after.tokenId).toBe(token.facts.tokenId);
  expect(after.tokenId).not.toBe(before.tokenId);
  // The old token has expired by now.
  await clock.advance(70 * secondMs);
  expect((await client.whoami.query({})).tokenId).toBe(token.facts.tokenId);
  await client[Symbol.asyncDispose]();
});
