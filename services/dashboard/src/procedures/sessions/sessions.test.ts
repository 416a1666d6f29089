import { authContract } from '@arcadium/contracts/auth';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { connect } from '@arcadium/mesh/client';
import { contract, MeshError } from '@arcadium/mesh/contract';
import { serve } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { afterAll, expect, test } from 'vitest';
import { serveDashboard } from '../../testing/served.ts';

const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

const identity = await createTestIdentity();
const { login, refresh, logout } = authContract.procedures.sessions;
const refreshToken = 'r'.repeat(43);
const email = 'ada@example.com';

/** The sessions of auth, on their own port, for one administrator. */
async function serveAuth(): Promise<{ url: string; ended: string[] }> {
  const ended: string[] = [];
  const answer = async () => ({
    accessToken: await identity.userToken({ role: 'admin' }),
    expiresAt: '2026-01-01T00:00:00.000Z',
    refreshToken,
    sessionExpiresAt: '2026-01-01T00:00:00.000Z',
    user: {
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      name: 'Ada',
      email,
      role: 'admin' as const,
      secondFactor: false,
      createdAt: '2026-01-01T00:00:00.000Z',
      disabledAt: null,
    },
  });
  const service = await serve(
    contract('auth', { sessions: { login, refresh, logout } }),
    {
      sessions: {
        async login({ input, errors }) {
          if (input.password === 'too often')
            throw new MeshError('TOO_MANY_REQUESTS', 'Too many attempts', { retryAfterMs: 7000 });
          if (input.password !== 'four words are long') throw errors.BAD_CREDENTIALS({});
          if (input.code === undefined) throw errors.CODE_NEEDED({});
          return answer();
        },
        refresh: answer,
        async logout({ input }) {
          ended.push(input.refreshToken);
          return {};
        },
      },
    },
    { version: '1', port: 0, log, authenticate: identity.authenticate, pingDatabase: async () => {} },
  );
  service.ready();
  cleanups.push(() => service.stop());
  return { url: service.url, ended };
}

async function open(authUrl?: string) {
  const served = await serveDashboard({ identity, publicView: false, ...(authUrl && { authUrl }) });
  cleanups.push(() => served.close());
  const at = (token?: string) => {
    const client = connect(dashboardContract, {
      url: served.url,
      as: 'anyone',
      log,
      ...(token && { token }),
    });
    cleanups.push(() => client[Symbol.asyncDispose]());
    return client;
  };
  return { url: served.url, at };
}

test('an administrator logs in through the dashboard, sees it, and logs out', async () => {
  const auth = await serveAuth();
  const { url, at } = await open(auth.url);
  const client = at();
  const { accessToken } = await client.sessions.login.mutate({
    email,
    password: 'four words are long',
    code: '123456',
  });
  const headers = { authorization: `Bearer ${accessToken}` };
  expect((await fetch(`${url}/trpc/status.list`)).status).toBe(401);
  expect((await fetch(`${url}/trpc/status.list`, { headers })).status).toBe(200);
  expect(await client.sessions.refresh.mutate({ refreshToken })).toMatchObject({ user: { name: 'Ada' } });
  await client.sessions.logout.mutate({ refreshToken });
  expect(auth.ended).toEqual([refreshToken]);
});

test('what auth refuses is refused here in the same way', async () => {
  const { at } = await open((await serveAuth()).url);
  const logIn = (password: string) => at().sessions.login.mutate({ email, password });
  await expect(logIn('wrong')).rejects.toMatchObject({
    data: { code: 'UNAUTHORIZED', error: { name: 'BAD_CREDENTIALS' } },
  });
  await expect(logIn('four words are long')).rejects.toMatchObject({
    data: { code: 'UNAUTHORIZED', error: { name: 'CODE_NEEDED' } },
  });
  await expect(logIn('too often')).rejects.toMatchObject({
    data: { code: 'TOO_MANY_REQUESTS', retryAfterMs: 7000 },
  });
});

test('without auth, a log-in fails as unavailable', async () => {
  const { at } = await open();
  await expect(at().sessions.login.mutate({ email, password: 'any' })).rejects.toMatchObject({
    data: { code: 'SERVICE_UNAVAILABLE' },
  });
});
