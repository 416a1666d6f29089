import { expect, test, vi } from 'vitest';
import { ShopSuite } from '../../testing/shop-suite.ts';
import type { TapPage } from './tap.ts';

const suite = new ShopSuite();

const asService = async () => `Service-Token ${await suite.identity.serviceToken('wiki')}`;

/** Someone who watches a service; the first answer is before any call. */
async function watch(url = suite.service.url) {
  const authorization = await asService();
  const seen: string[] = [];
  const read = async (): Promise<TapPage> => {
    const answer = await fetch(`${url}/api/tap?after=${seen.join(',')}`, { headers: { authorization } });
    expect(answer.status).toBe(200);
    const page = (await answer.json()) as TapPage;
    seen[0] = page.cursor;
    return page;
  };
  expect(await read()).toMatchObject({ calls: [], lost: 0 });
  return read;
}

test('calls are shown as they end: who, what, how and how long', async () => {
  const read = await watch();
  const client = suite.client({ token: await suite.identity.serviceToken('till') });
  await client.items.get.query({ id: 1 });
  await expect(client.items.get.query({ id: 200 })).rejects.toThrow('no such item');
  const { calls } = await read();
  const common = { procedure: 'items.get', kind: 'query', caller: 'till', user: null };
  expect(calls).toMatchObject([
    { ...common, code: 'OK', request_id: expect.any(String), duration_ms: expect.any(Number) },
    { ...common, code: 'NOT_FOUND' },
  ]);
  expect(calls[0]).not.toHaveProperty('input');
  expect(await read()).toMatchObject({ calls: [], lost: 0 });
});

test('a refused call is shown once, and a caller that proved nothing is not named', async () => {
  const read = await watch();
  const { url } = suite.service;
  const call = (authorization?: string) =>
    fetch(`${url}/trpc/stock.take`, {
      method: 'POST',
      headers: { 'x-request-id': 'mine', ...(authorization !== undefined && { authorization }) },
    });
  await call('Bearer no-token');
  await call();
  await call(`Bearer ${await suite.identity.userToken({ id: 'b7f1', role: 'user' })}`);
  expect((await read()).calls).toMatchObject([
    { procedure: 'stock.take', code: 'UNAUTHORIZED', caller: null, request_id: 'mine' },
    { procedure: 'stock.take', code: 'UNAUTHORIZED', caller: 'anyone' },
    { procedure: 'stock.take', code: 'FORBIDDEN', caller: 'user', user: 'b7f1' },
  ]);
});

test('a subscription is shown when it ends', async () => {
  const read = await watch();
  const client = suite.client();
  await new Promise<void>((resolve) => {
    const open = client.ticks.watch.subscribe(undefined, {
      onData() {
        open.unsubscribe();
        resolve();
      },
    });
  });
  await expect
    .poll(async () => (await read()).calls)
    .toMatchObject([{ procedure: 'ticks.watch', kind: 'subscription', caller: 'anyone', code: 'OK' }]);
});

test('payloads only by the setting; what looks like a secret is masked, and long ones are cut', async () => {
  const { url } = await suite.start({ tap: 'payloads' });
  const read = await watch(url);
  const client = suite.client({ url });
  await client.items.echo.query({ text: 'x'.repeat(3000) });
  await fetch(`${url}/trpc/items.echo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'a', password: 'b', deep: [{ accessToken: 'c', recoveryCodes: ['d'] }] }),
  });
  const [long, secret] = (await read()).calls;
  expect(long?.input).toHaveLength(2001);
  expect(secret).toMatchObject({
    input:
      '{"text":"a","password":"[hidden]","deep":[{"accessToken":"[hidden]","recoveryCodes":"[hidden]"}]}',
    output: '{"text":"aa"}',
  });
});

test('a slow reader is told how many it lost, and gets the last thousand', async () => {
  const read = await watch();
  const other = await watch();
  const client = suite.client();
  for (let n = 0; n < 1100; n += 1) await client.items.get.query({ id: 1 });
  const { calls, lost } = await read();
  expect([calls.length, lost]).toEqual([1000, 100]);
  await client.items.echo.query({ text: 'last' });
  expect((await other()).lost).toBe(101);
  expect(await read()).toMatchObject({ lost: 0, calls: [{ procedure: 'items.echo' }] });
});

test('the cursor of another process is not taken for its own', async () => {
  await watch();
  const answer = await fetch(`${suite.service.url}/api/tap?after=other:0,,%00:x`, {
    headers: { authorization: await asService() },
  });
  expect(await answer.json()).toMatchObject({ calls: [], lost: 0, service: 'shop', mode: 'calls' });
});

test('only services and administrators may watch, and none where it is off', async () => {
  const statusFor = async (authorization?: string, url = suite.service.url) =>
    (await fetch(`${url}/api/tap`, { headers: authorization === undefined ? {} : { authorization } })).status;
  expect(await statusFor()).toBe(401);
  expect(await statusFor(`Bearer ${await suite.identity.userToken({ role: 'user' })}`)).toBe(403);
  expect(await statusFor(`Bearer ${await suite.identity.userToken({ role: 'admin' })}`)).toBe(200);
  const { url } = await suite.start({ tap: 'off' });
  expect(await statusFor(await asService(), url)).toBe(404);
});

test('nothing is recorded when no reader has asked for ten seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { Tap } = await import('./tap.ts');
    const tap = new Tap();
    expect(tap.listening).toBe(false);
    const { cursor } = tap.read('');
    vi.advanceTimersByTime(9999);
    expect(tap.listening).toBe(true);
    tap.read(cursor);
    vi.advanceTimersByTime(9999);
    expect(tap.listening).toBe(true);
    vi.advanceTimersByTime(1);
    expect(tap.listening).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});
