import { connect } from '@arcadium/mesh/client';
import type { RunningService } from '@arcadium/mesh/server';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { shopContract } from './contract.ts';
import { logIn } from './log-in.ts';
import { ExampleProvider } from './provider.ts';
import { startShop } from './shop.ts';
import { openTill } from './till.ts';

let provider: ExampleProvider;
let shop: RunningService;

beforeAll(async () => {
  provider = await ExampleProvider.start();
  shop = await startShop(provider.issuer);
});
afterAll(async () => {
  await shop.stop();
  await provider[Symbol.asyncDispose]();
});

const asUser = (token: string) =>
  connect(shopContract, { as: 'user', url: shop.url, token, log: silentLogger });

/** The header of a token. */
const headerOf = (token = ''): { alg: string; kid: string } =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { alg: string; kid: string };

test('a user calls with what they have consented to, and no more', async () => {
  const { accessToken } = await logIn(provider.issuer, 'orders:write');
  await using client = asUser(accessToken);
  expect(await client.orders.place.mutate()).toMatchObject({ placedBy: 'ann' });
  await expect(client.orders.list.query()).rejects.toMatchObject({
    message: expect.stringContaining('lacks the scope orders:read'),
    data: { code: 'FORBIDDEN', error: { name: 'INSUFFICIENT_SCOPE', data: { scopes: ['orders:read'] } } },
  });
});

test('a service calls with client credentials, for itself and for a user', async () => {
  await using till = await openTill(provider.issuer, shop.url);
  const { accessToken } = await logIn(provider.issuer, 'orders:write');
  const order = await till.shop.orders.placeFor.mutate(undefined, { context: { userToken: accessToken } });
  expect(order).toMatchObject({ placedBy: 'ann at till' });
  expect(await till.shop.orders.list.query()).toContainEqual(order);
});

test('neither an ID token nor a token of the other kind is accepted', async () => {
  await using till = await openTill(provider.issuer, shop.url);
  const { accessToken, idToken } = await logIn(provider.issuer, 'orders:write');
  const ask = async (authorization: string, userToken?: string) => {
    const headers = { authorization, ...(userToken !== undefined && { 'x-user-token': userToken }) };
    const answer = await fetch(`${shop.url}/trpc/orders.list`, { headers });
    return [answer.status, await answer.text()];
  };
  const refused = (reason: string) => [401, expect.stringContaining(reason)];
  expect(await ask(`Bearer ${idToken}`)).toEqual(refused('its typ is wrong'));
  expect(await ask(`Service-Token ${accessToken}`)).toEqual(refused('it is of a user'));
  const service = till.credentials.current ?? '';
  expect(await ask(`Bearer ${service}`, service)).toEqual(refused('it is of a service'));
  expect((await ask(`Bearer ${service}`))[0]).toBe(200);
});

test('a new signing key is found without a restart, and tokens of the old one stay valid', async () => {
  await using till = await openTill(provider.issuer, shop.url);
  await till.shop.orders.list.query();
  const before = headerOf(till.credentials.current);
  provider.rotateKey('ES256');
  await using other = await openTill(provider.issuer, shop.url);
  expect(headerOf(other.credentials.current)).not.toEqual(before);
  expect(headerOf(other.credentials.current).alg).toBe('ES256');
  await other.shop.orders.list.query();
  await till.shop.orders.list.query();
  const { accessToken } = await logIn(provider.issuer, 'orders:write');
  await using client = asUser(accessToken);
  await client.orders.place.mutate();
});

test('the token of a service is renewed before it expires, and its calls go on', async () => {
  await using brief = await ExampleProvider.start({ lifetime: 2 });
  const own = await startShop(brief.issuer);
  try {
    await using till = await openTill(brief.issuer, own.url);
    const first = till.credentials.current;
    await till.shop.orders.list.query();
    await vi.waitFor(() => expect(till.credentials.current).not.toBe(first), { timeout: 10_000 });
    await till.shop.orders.list.query();
  } finally {
    await own.stop();
  }
});
