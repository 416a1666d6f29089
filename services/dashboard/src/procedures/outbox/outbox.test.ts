import { authContract } from '@arcadium/contracts/auth';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { connect } from '@arcadium/mesh/client';
import { contract, MeshError } from '@arcadium/mesh/contract';
import { serve, type RunningService } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log, type TestIdentity } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Explorer } from '../../explorer/explorer.ts';
import { ServiceContracts } from '../../jobs/service-contracts.ts';
import { LiveStatus } from '../../domain/live-status.ts';
import { dropGivenUp } from './drop-given-up.ts';
import { listGivenUp } from './list-given-up.ts';
import { retryGivenUp } from './retry-given-up.ts';

const dashboard = contract('dashboard', { outbox: dashboardContract.procedures.outbox });
// The outboxes of auth and of the wiki have the same procedures.
const sender = contract('wiki', { outbox: authContract.procedures.outbox });
const plain = contract('notification', {});

const row = {
  id: '7',
  userId: '01890a5d-ac96-774b-bcce-b302099a8057',
  topic: 'comment',
  title: 'Ben commented',
  createdAt: '2026-01-01T00:00:00.000Z',
  givenUpAt: '2026-01-01T00:10:00.000Z',
  attempts: 20,
  failures: 20,
  error: 'INTERNAL_SERVER_ERROR: a fault',
};

let identity: TestIdentity;
let url: string;
const cleanups = new AsyncDisposableStack();
/** What the service was asked, and by whom. */
const asked: unknown[] = [];
let refusal: MeshError | undefined;

beforeAll(async () => {
  identity = await createTestIdentity();
  const { authenticate } = identity;
  const options = { version: '1', port: 0, log, authenticate, pingDatabase: async () => {} };
  const opened = (service: RunningService): string => {
    service.ready();
    cleanups.defer(() => service.stop());
    return service.url;
  };
  const note = (call: { caller: { user: { name: string } }; input: object }): void => {
    asked.push([call.caller.user.name, call.input]);
    if (refusal) throw refusal;
  };
  const wikiUrl = opened(
    await serve(
      sender,
      {
        outbox: {
          list: async (call) => {
            note(call);
            return { items: [row], nextCursor: 'Nw' };
          },
          retry: async (call) => {
            note(call);
            return { changed: 1 };
          },
          drop: async (call) => {
            note(call);
            return { changed: call.input.ids.length };
          },
        },
      },
      options,
    ),
  );
  const live = new LiveStatus({
    targets: [
      // The first replica is away.
      { service: 'wiki', url: 'http://127.0.0.1:2' },
      { service: 'wiki', url: wikiUrl },
      { service: 'notification', url: opened(await serve(plain, {}, options)) },
      { service: 'auth', url: 'http://127.0.0.1:2' },
    ],
    staleAfterMs: 6000,
    now: Date.now,
  });
  const contracts = new ServiceContracts({ watched: new Map(), token: () => '' });
  const explorer = new Explorer({ contracts, open: false, authUrl: 'http://127.0.0.1:2' });
  const handlers = {
    list: listGivenUp({ live, explorer }),
    retry: retryGivenUp({ live, explorer }),
    drop: dropGivenUp({ live, explorer }),
  };
  url = opened(await serve(dashboard, { outbox: handlers }, options));
});
afterAll(() => cleanups.disposeAsync());
beforeEach(() => {
  asked.length = 0;
  refusal = undefined;
});

async function outboxAs(role: 'admin' | 'user') {
  const token = await identity.userToken({ name: 'Ann', role });
  const options = { url, token, log, retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } };
  // The type leaves out what a user may not call.
  return cleanups.use(connect(dashboard, { as: 'admin', ...options })).outbox;
}

test('the service is called as the administrator, and its answers are passed on', async () => {
  const outbox = await outboxAs('admin');
  expect(await outbox.list.query({ service: 'wiki', limit: 5, cursor: 'OA' })).toEqual({
    items: [row],
    nextCursor: 'Nw',
  });
  expect(await outbox.retry.mutate({ service: 'wiki', ids: ['7'] })).toEqual({ changed: 1 });
  expect(await outbox.drop.mutate({ service: 'wiki', ids: ['7', '8'] })).toEqual({ changed: 2 });
  expect(asked).toEqual([
    ['Ann', { limit: 5, cursor: 'OA' }],
    ['Ann', { ids: ['7'] }],
    ['Ann', { ids: ['7', '8'] }],
  ]);
});

test('other users are refused before the service is called', async () => {
  const outbox = await outboxAs('user');
  await expect(outbox.list.query({ service: 'wiki' })).rejects.toMatchObject({ data: { code: 'FORBIDDEN' } });
  await expect(outbox.drop.mutate({ service: 'wiki', ids: ['7'] })).rejects.toMatchObject({
    data: { code: 'FORBIDDEN' },
  });
  expect(asked).toEqual([]);
});

test.each([
  ['nothing', { code: 'NOT_FOUND', error: { name: 'SERVICE_NOT_FOUND', data: { service: 'nothing' } } }],
  ['notification', { code: 'NOT_FOUND', error: { name: 'NO_OUTBOX', data: { service: 'notification' } } }],
  ['auth', { code: 'SERVICE_UNAVAILABLE' }],
])('an outbox of %s that cannot be listed has a clear error', async (service, data) => {
  const outbox = await outboxAs('admin');
  await expect(outbox.list.query({ service })).rejects.toMatchObject({ data });
});

test('a refusal of the service keeps its code and reason; any other failure is the service’s', async () => {
  const { retry } = await outboxAs('admin');
  refusal = new MeshError('FORBIDDEN', 'Ann is no longer an administrator');
  await expect(retry.mutate({ service: 'wiki', ids: ['7'] })).rejects.toMatchObject({
    message: 'wiki refused: Ann is no longer an administrator',
    data: { code: 'FORBIDDEN' },
  });
  refusal = new MeshError('CONFLICT', 'no');
  await expect(retry.mutate({ service: 'wiki', ids: ['7'] })).rejects.toMatchObject({
    message: expect.stringContaining('The outbox of wiki cannot be used: no'),
    data: { code: 'SERVICE_UNAVAILABLE' },
  });
});
