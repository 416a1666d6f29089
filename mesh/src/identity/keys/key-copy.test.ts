import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../../testing/index.ts';
import { createAuthenticate, createKeySet, publicPart, type FetchedKeySet } from '../index.ts';

const nobody = 'http://127.0.0.1:9';
let published: unknown[] = [];
const server = createServer((_request, response) => response.end(JSON.stringify({ keys: published })));
let url: string;
let old: TestIdentity;
let recent: TestIdentity;
let stateDir: string;
let log: ReturnType<typeof recordingLogger>;
const open: FetchedKeySet[] = [];
beforeAll(async () => {
  old = await createTestIdentity();
  recent = await createTestIdentity();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'arcadium-keys-'));
  log = recordingLogger();
});
afterEach(async () => {
  for (const keys of open.splice(0)) keys.close();
  await rm(stateDir, { recursive: true, force: true });
});

const path = () => join(stateDir, 'jwks.json');

/** The keys of a process that starts with the old key in its environment. */
async function start(at: string): Promise<FetchedKeySet> {
  const keys = await createKeySet({ initial: [publicPart(old.jwk)], url: at, stateDir, log });
  open.push(keys);
  return keys;
}

/** Waits until the copy has these keys. */
const kept = (...identities: TestIdentity[]) =>
  vi.waitFor(async () => {
    const { keys } = JSON.parse(await readFile(path(), 'utf8')) as { keys: { kid: string }[] };
    expect(keys.map(({ kid }) => kid)).toEqual(identities.map(({ jwk }) => jwk.kid));
  });

test('a process that starts while auth is down knows the keys that were fetched last', async () => {
  published = [publicPart(recent.jwk), publicPart(old.jwk)];
  await start(url);
  await kept(recent, old);
  expect((await stat(path())).mode & 0o777).toBe(0o600);

  const authenticate = createAuthenticate(await start(nobody));
  for (const identity of [old, recent]) {
    const credentials = {
      authorization: `Service-Token ${await identity.serviceToken('wiki')}`,
      userToken: undefined,
    };
    expect(await authenticate(credentials)).toMatchObject({ service: { name: 'wiki' } });
  }
});

test('once auth has answered, what it says is all that counts, then and at the next start', async () => {
  published = [publicPart(recent.jwk), publicPart(old.jwk)];
  await start(url);
  await kept(recent, old);
  published = [publicPart(old.jwk)];
  const next = await start(url);
  await vi.waitFor(() => expect(next.trusted.has(recent.jwk.kid)).toBe(false));
  await kept(old);
  expect((await start(nobody)).trusted.has(recent.jwk.kid)).toBe(false);
});

test('further keys of the environment are trusted until auth has answered', async () => {
  const alone = await start(nobody);
  await alone.trust([publicPart(recent.jwk)]);
  expect([alone.trusted.has(recent.jwk.kid), alone.trusted.has(old.jwk.kid)]).toEqual([true, true]);
  published = [publicPart(old.jwk)];
  const told = await start(url);
  await kept(old);
  await told.trust([publicPart(recent.jwk)]);
  expect(told.trusted.has(recent.jwk.kid)).toBe(false);
});

test.each([
  ['is cut short', '{"keys":[{"kty"'],
  ['holds what is no public key', '{"keys":[{"kty":"oct","k":"AAAA","kid":"evil"}]}'],
])('a copy that %s is said to be broken, and nothing of it is trusted', async (_what, text) => {
  await writeFile(path(), text);
  const keys = await start(nobody);
  expect([keys.trusted.has('evil'), keys.trusted.has(old.jwk.kid)]).toEqual([false, true]);
  expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { path: path() } });
});
