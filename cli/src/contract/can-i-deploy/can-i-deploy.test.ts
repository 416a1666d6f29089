import { contract, describeContract, query, services, type AnyContract } from '@arcadium/mesh/contract';
import { connect } from '@arcadium/mesh/client';
import { serve, type Handlers } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger, type TestIdentity } from '@arcadium/mesh/testing';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { canIDeploy, exitCodeOf, wordsOf, type Deployment } from './can-i-deploy.ts';

// Real services in an environment: `till` calls `stock`.

const access = services('till');
const stock = contract('stock', {
  count: query({ summary: 'How many', output: z.object({ all: z.int() }), access }),
  hidden: query({ summary: 'Of another', output: z.object({}), access: services('audit') }),
});
/** Without the answer that the till reads. */
const broken = contract('stock', {
  count: query({ summary: 'How many', output: z.object({ total: z.int() }), access }),
  hidden: stock.procedures.hidden,
});
/** Breaks only what the till may not call. */
const elsewhere = contract('stock', { count: stock.procedures.count });
/** With one more. */
const more = contract('stock', {
  ...stock.procedures,
  price: query({ summary: 'A price', output: z.object({ cents: z.int() }), access }),
});
const till = contract('till', {
  sell: query({ summary: 'Sells', output: z.object({}), access: services('audit') }),
});

let identity: TestIdentity;
beforeAll(async () => {
  identity = await createTestIdentity();
});

async function start<From extends AnyContract>(from: From, handlers: Handlers<From>): Promise<string> {
  const { authenticate } = identity;
  const options = { version: '1.0.0', port: 0, log: silentLogger, authenticate };
  const service = await serve<From>(from, handlers, options);
  service.ready();
  onTestFinished(() => service.stop());
  return service.url;
}

/** An environment where the till calls a stock with a contract, built with another one. */
async function environment(builtWith: typeof stock = stock): Promise<Map<string, readonly string[]>> {
  const url = await start<typeof stock>(stock, { count: async () => ({ all: 1 }), hidden: async () => ({}) });
  const client = connect(builtWith, {
    as: 'till',
    url,
    token: await identity.serviceToken('till'),
    log: silentLogger,
  });
  onTestFinished(() => client[Symbol.asyncDispose]());
  const at = await start<typeof till>(till, { sell: async () => ({}) });
  // The process reports its clients, and this test is one process with the till.
  await client.count.query();
  return new Map([
    ['stock', [url]],
    ['till', [at]],
  ]);
}

const logIn = () => identity.userToken({ role: 'admin' });
const ask = (
  service: string,
  contracts: readonly AnyContract[],
  { urls, calls = [] }: { urls: Deployment['urls']; calls?: readonly string[] },
) =>
  canIDeploy({
    service,
    contracts: contracts.map((one) => describeContract(one).snapshot),
    calls,
    urls,
    logIn,
  });

test('a new server that the clients there can call may be deployed', async () => {
  const urls = await environment();
  for (const next of [stock, more, elsewhere]) {
    const answer = await ask('stock', [next, till], { urls });
    expect(answer).toMatchObject({ unknown: [], pairs: [{ client: 'till', server: 'stock', findings: [] }] });
    expect(exitCodeOf(answer)).toBe(0);
    expect(wordsOf(answer, 'staging')).toBe(
      'stock can be deployed to staging: 1 pair of client and server compared.',
    );
  }
});

test('a new server that breaks a client there may not', async () => {
  const answer = await ask('stock', [broken, till], { urls: await environment() });
  expect(exitCodeOf(answer)).toBe(1);
  expect(wordsOf(answer, 'staging')).toMatch(
    /^breaking: till → stock\.count output\.all: a required property was removed .*\[property-removed-required\]/,
  );
});

test('a new client that calls what the server there does not have may not', async () => {
  const urls = await environment();
  const answer = await ask('till', [more, till], { urls, calls: ['stock'] });
  expect(exitCodeOf(answer)).toBe(1);
  expect(wordsOf(answer, 'staging')).toContain('breaking: till → stock.price: a procedure was removed');
  expect(exitCodeOf(await ask('till', [stock, till], { urls, calls: ['stock'] }))).toBe(0);
});

test('what cannot be read, and a client with an unknown contract, are not known', async () => {
  const unread = await ask('till', [stock, till], {
    urls: new Map([['stock', ['http://127.0.0.1:9']]]),
    calls: ['stock'],
  });
  expect(exitCodeOf(unread)).toBe(2);
  expect(wordsOf(unread, 'staging')).toContain('unknown: http://127.0.0.1:9/api/contract cannot be reached');
  const answer = await ask('stock', [stock, till], { urls: await environment(more) });
  expect(exitCodeOf(answer)).toBe(2);
  expect(answer.unknown).toEqual([
    expect.stringMatching(/^till was built with a contract of stock \([0-9a-f]{16}\) that neither/),
  ]);
});
