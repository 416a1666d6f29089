import { dashboardContract } from '@arcadium/contracts/dashboard';
import { connect } from '@arcadium/mesh/client';
import {
  admin,
  anyone,
  contract,
  mutation,
  query,
  services,
  subscription,
  user,
} from '@arcadium/mesh/contract';
import { serve, tracked, type RunningService } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log, type TestIdentity } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { ServiceContracts } from '../jobs/service-contracts.ts';
import { callProcedure } from '../procedures/explorer/call-procedure.ts';
import { listContracts } from '../procedures/explorer/list-contracts.ts';
import { watchProcedure } from '../procedures/explorer/watch-procedure.ts';
import { Explorer } from './explorer.ts';

const { explorer: procedures } = dashboardContract.procedures;
const explorerContract = contract('dashboard', { explorer: procedures });

const till = contract('till', {
  sales: {
    add: mutation({
      summary: 'Sell something',
      input: z.object({ cents: z.int().min(1) }),
      output: z.object({ by: z.string(), key: z.string().nullable() }),
      access: user,
      idempotent: 'by-key',
    }),
    total: query({ summary: 'Sum', output: z.object({ cents: z.int() }), access: anyone }),
    audit: query({
      summary: 'For auditors',
      output: z.object({ by: z.string() }),
      access: services('audit'),
    }),
    never: query({ summary: 'Never answers', output: z.object({}), access: anyone }),
    long: query({ summary: 'Much', output: z.object({ text: z.string() }), access: anyone }),
    watch: subscription({ summary: 'Sales', output: z.object({ n: z.int() }), access: anyone }),
  },
});

const auth = contract('auth', {
  serviceTokens: {
    issue: mutation({
      summary: 'Issue',
      input: z.object({ service: z.string() }),
      output: z.object({ token: z.string(), tokenId: z.string() }),
      access: admin,
    }),
    revoke: mutation({
      summary: 'Revoke',
      input: z.object({ tokenId: z.string() }),
      output: z.object({}),
      access: admin,
    }),
  },
});

let identity: TestIdentity;
const running: RunningService[] = [];
const revoked: string[] = [];
let watched: Map<string, readonly string[]>;

beforeAll(async () => {
  identity = await createTestIdentity();
  const { authenticate } = identity;
  const options = { version: '1.2.3', port: 0, log, authenticate, pingDatabase: async () => {} };
  running.push(
    await serve(
      till,
      {
        sales: {
          add: async ({ caller, claim, header }) => {
            claim?.take();
            return { by: caller.user.name, key: header('idempotency-key') ?? null };
          },
          total: async () => ({ cents: 7 }),
          audit: async ({ caller }) => ({ by: caller.service.name }),
          never: () => new Promise(() => {}),
          long: async () => ({ text: 'x'.repeat(2 ** 21) }),
          async *watch() {
            for (const n of [1, 2, 3]) yield tracked(String(n), { n });
          },
        },
      },
      options,
    ),
    await serve(
      auth,
      {
        serviceTokens: {
          issue: async ({ input }) => ({ token: await identity.serviceToken(input.service), tokenId: 't1' }),
          revoke: async ({ input }) => {
            revoked.push(input.tokenId);
            return {};
          },
        },
      },
      options,
    ),
  );
  for (const service of running) service.ready();
  const [first, second] = running.map(({ url }) => [url] as const);
  if (!first || !second) throw new Error('nothing runs');
  watched = new Map([
    ['till', first],
    ['auth', second],
    ['away', ['http://127.0.0.1:2']],
  ]);
});
afterAll(() => Promise.all(running.map((service) => service.stop())));
beforeEach(() => void revoked.splice(0));

/** The explorer's procedures, as their caller sees them. */
async function explore({ open = false, as }: { open?: boolean; as?: 'user' | 'admin' }) {
  const token = await identity.serviceToken('dashboard');
  const contracts = new ServiceContracts({ watched, token: () => token });
  const [authUrl = ''] = watched.get('auth') ?? [];
  const deps = { explorer: new Explorer({ contracts, open, authUrl }) };
  const service = await serve(
    explorerContract,
    { explorer: { list: listContracts(deps), run: callProcedure(deps), watch: watchProcedure(deps) } },
    { version: '1', port: 0, log, authenticate: identity.authenticate, pingDatabase: async () => {} },
  );
  service.ready();
  running.push(service);
  const credentials = as && { token: await identity.userToken({ name: 'Ann', role: as }) };
  return connect(explorerContract, { as: as ?? 'anyone', url: service.url, ...credentials, log }).explorer;
}

test('contracts are listed with their schemas, and a service that is away with the reason', async () => {
  const { services: listed } = await (await explore({ as: 'admin' })).list.query();
  expect(listed.map(({ service, version, problem }) => [service, version, problem])).toEqual([
    ['auth', '1.2.3', null],
    ['away', null, 'connection refused'],
    ['till', '1.2.3', null],
  ]);
  expect(listed[2]?.procedures.find(({ path }) => path === 'sales.add')).toMatchObject({
    kind: 'mutation',
    idempotent: 'by-key',
    input: { properties: { cents: { type: 'integer', minimum: 1 } }, required: ['cents'] },
  });
});

test('a contract that only administrators may read is read with the token of one, and kept for no other', async () => {
  const vault = contract('vault', {
    open: query({ summary: 'Opens', output: z.object({}), access: anyone }),
  });
  const { authenticate } = identity;
  const service = await serve(
    vault,
    { open: async () => ({}) },
    { version: '1', port: 0, log, authenticate, contractAccess: 'admin', pingDatabase: async () => {} },
  );
  service.ready();
  running.push(service);
  const contracts = new ServiceContracts({
    watched: new Map([['vault', [service.url]]]),
    token: () => token,
  });
  const token = await identity.serviceToken('dashboard');
  const asAdmin = `Bearer ${await identity.userToken({ role: 'admin' })}`;
  const read = async (authorization?: string) =>
    (await contracts.list(authorization)).map(({ problem, procedures: { length } }) => [problem, length]);
  const refused = [['only administrators may read it', 0]];
  expect(await read()).toEqual(refused);
  expect(await read(asAdmin)).toEqual([[null, 1]]);
  expect(await contracts.proceduresOf('vault', asAdmin)).toHaveLength(1);
  expect(await read()).toEqual(refused);
  expect(await contracts.proceduresOf('vault')).toEqual([]);
});

test.each([
  ['a visitor', undefined, 'UNAUTHORIZED'],
  ['a user', 'user', 'FORBIDDEN'],
] as const)('%s cannot use it, unless it is open', async (_who, as, code) => {
  const closed = await explore(as ? { as } : {});
  await expect(closed.list.query()).rejects.toMatchObject({ data: { code } });
  await expect(closed.run.mutate({ service: 'till', path: 'sales.total' })).rejects.toMatchObject({
    data: { code },
  });
  const open = await explore({ open: true, ...(as && { as }) });
  expect(await open.run.mutate({ service: 'till', path: 'sales.total' })).toMatchObject({
    status: 200,
    failed: false,
    answer: '{"cents":7}',
    requestId: expect.stringMatching(/^[\da-f-]{36}$/),
    traceId: expect.stringMatching(/^[\da-f]{32}$/),
  });
});

test('a call as a user has their token, the idempotency key and the input; refusals are shown as they are', async () => {
  const { run } = await explore({ as: 'admin' });
  const sale = { service: 'till', path: 'sales.add', as: 'user', idempotencyKey: 'k-1' } as const;
  expect(await run.mutate({ ...sale, input: '{"cents":5}' })).toMatchObject({
    status: 200,
    answer: '{"by":"Ann","key":"k-1"}',
  });
  expect(await run.mutate({ ...sale, input: '{"cents":0}' })).toMatchObject({ status: 400, failed: true });
  expect(await run.mutate({ ...sale, input: '{broken' })).toMatchObject({ status: 400, failed: true });
  expect(await run.mutate({ ...sale, as: 'anyone', input: '{"cents":5}' })).toMatchObject({ status: 401 });
});

test('an administrator calls on behalf of a service only where it is open, with a token that is then revoked', async () => {
  const audit = { service: 'till', path: 'sales.audit', as: 'service', onBehalfOf: 'audit' } as const;
  const open = await explore({ open: true, as: 'admin' });
  expect(await open.run.mutate(audit)).toMatchObject({ status: 200, answer: '{"by":"audit"}' });
  expect(revoked).toEqual(['t1']);
  for (const closed of [await explore({ as: 'admin' }), await explore({ open: true, as: 'user' })])
    await expect(closed.run.mutate(audit)).rejects.toMatchObject({
      data: { error: { name: 'NO_CREDENTIALS' } },
    });
  expect(revoked).toEqual(['t1']);
});

test('what does not answer ends at its time, and what is too long is cut off', async () => {
  const { run } = await explore({ as: 'admin' });
  expect(await run.mutate({ service: 'till', path: 'sales.never', timeoutMs: 100 })).toMatchObject({
    failed: true,
  });
  const long = await run.mutate({ service: 'till', path: 'sales.long' });
  expect([long.truncated, long.answer.length]).toEqual([true, 2 ** 20]);
  await expect(run.mutate({ service: 'till', path: 'sales.nothing' })).rejects.toMatchObject({
    data: { error: { name: 'PROCEDURE_NOT_FOUND' } },
  });
  await expect(run.mutate({ service: 'till', path: 'sales.watch' })).rejects.toMatchObject({
    data: { error: { name: 'WRONG_KIND' } },
  });
});

test('a subscription shows its events one by one', async () => {
  const { watch } = await explore({ as: 'admin' });
  const seen: string[] = [];
  const third = Promise.withResolvers<void>();
  const watching = watch.subscribe(
    { service: 'till', path: 'sales.watch' },
    {
      onData: ({ data }) => {
        seen.push(data.event);
        if (seen.length === 3) third.resolve();
      },
      onError: (error) => third.reject(error),
    },
  );
  await third.promise;
  watching.unsubscribe();
  expect(seen).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
});
