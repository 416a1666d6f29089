import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpoints, readConfig } from '@arcadium/mesh/config';
import { publicPart } from '@arcadium/mesh/identity';
import { createTestIdentity } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startApp } from './app.ts';
import { settings } from './config.ts';

let stateDir: string;
beforeEach(() => (stateDir = mkdtempSync(join(tmpdir(), 'arcadium-dashboard-'))));
afterEach(() => rmSync(stateDir, { recursive: true }));

/** The dashboard as `main.ts` starts it, without PostgreSQL, auth, or any other service. */
async function startAlone() {
  const identity = await createTestIdentity();
  const nowhere = 'http://127.0.0.1:1';
  const config = readConfig(settings, {
    PORT: '0',
    OTLP_PORT: '0',
    LOG_LEVEL: 'silent',
    STATE_DIR: stateDir,
    PUBLIC_VIEW: 'true',
    CHECK_INTERVAL_MS: '500',
    RATE_LIMIT_STORE: 'postgres',
    AUTH_SERVICE_URL: nowhere,
    PUBLIC_KEYS: JSON.stringify({ keys: [publicPart(identity.jwk)] }),
    SERVICE_TOKEN: await identity.serviceToken('dashboard'),
  });
  const watched = new Map([['auth', endpoints.parse(nowhere)]]);
  const app = await startApp({ ...config, watched }, new AbortController().signal);
  const get = async (path: string) => {
    const answer = await fetch(app.url + path);
    return { status: answer.status, body: await answer.json() };
  };
  return { stop: () => app.stop(), get };
}

interface Listed {
  result: { data: { services: { service: string; status: string; uptime: { day: number | null } }[] } };
}

test('without PostgreSQL and auth it is ready and shows what it sees, and a restart keeps the history', async () => {
  const first = await startAlone();
  expect((await first.get('/readyz')).status).toBe(200);
  expect(await first.get('/health')).toMatchObject({
    status: 200,
    body: { status: 'degraded', database: 'connected', dependencies: { auth: 'unhealthy' } },
  });
  const uptime = async ({ get }: typeof first) => {
    const { body } = await get('/trpc/status.list');
    return (body as Listed).result.data.services.map((one) => [one.service, one.uptime.day]);
  };
  await expect.poll(() => uptime(first)).toEqual([['auth', 0]]);
  await first.stop();
  const second = await startAlone();
  expect(await uptime(second)).toEqual([['auth', 0]]);
  await second.stop();
});

test('a history file that cannot be opened makes it degraded, and ready all the same', async () => {
  mkdirSync(join(stateDir, 'history.sqlite'));
  const { get, stop } = await startAlone();
  expect((await get('/readyz')).status).toBe(200);
  expect((await get('/health')).body).toMatchObject({
    status: 'degraded',
    database: 'connected',
    dependencies: { database_writes: 'unhealthy' },
  });
  await stop();
});
