import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { recordingLogger } from '@arcadium/mesh/testing';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { PrismaClient } from '@arcadium/prisma/notification';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { migrateWhenReachable } from '../migrate/migrate.ts';
import { findObstacle } from '../migrate/obstacle.ts';
import { provision } from '../provision/provision.ts';
import { migrateTables } from '../tables/migrate-tables.ts';
import { TestAuthority } from '../testing/test-authority.ts';
import { createTestCluster, type TestCluster } from '../testing/testing-cluster.ts';
import { serveTls } from '../testing/testing-tls.ts';
import { requestCancel } from './cancel-request.ts';
import { describeDatabaseError, isDatabaseUnavailable, openDatabase } from './database.ts';
import { Listener } from './listener.ts';

/** Waits for longer than by default: the machine may be busy. */
const waitFor = <Result>(condition: () => Result | Promise<Result>) =>
  vi.waitFor(condition, { timeout: 20_000 });

const log = { info: () => {}, warn: () => {}, error: () => {} };
const service = 'notification';
const folder = mkdtempSync(join(tmpdir(), 'arcadium-tls-'));
const authority = new TestAuthority('Our CA');

let cluster: TestCluster;
let adminUrl: string;
let url: string;

beforeAll(async () => {
  cluster = await createTestCluster();
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  const verified = `?sslmode=verify-full&sslrootcert=${join(folder, 'ca.pem')}`;
  adminUrl = `${cluster.adminUrl.replace('127.0.0.1', 'localhost')}${verified}`;
  url = `postgres://notification:secret@localhost:${cluster.port}/arcadium${verified}`;
  await serveTls(cluster, authority.issue('localhost'));
  await waitFor(() => provision({ adminUrl, services: [{ name: service, url }], log }));
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** For each session of the role, whether it is encrypted. */
async function encrypted(): Promise<boolean[]> {
  const client = new Client(cluster.adminUrl);
  await client.connect();
  const { rows } = await client.query<{ ssl: boolean }>(
    `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'notification'`,
  );
  await client.end();
  return rows.map(({ ssl }) => ssl);
}

test('everything that connects does so encrypted: migrations, pool, LISTEN, a cancelled statement', async () => {
  await migrateWhenReachable({ service, url, folder: migrationsFolder(service), log });
  await migrateTables({ url, schema: 'notification' });
  const database = openDatabase({ url, schema: service, client: PrismaClient, log });
  const heard: string[] = [];
  const listener = new Listener({
    url,
    channel: 'tls',
    onConnect: () => {},
    onPayload: (payload) => heard.push(payload),
    log,
  });
  try {
    listener.start();
    await database.client.notification.count();
    await waitFor(() => expect(listener.listening).toBe(true));
    await database.pool.query(`SELECT pg_notify('tls', 'over TLS')`);
    await waitFor(() => expect(heard).toEqual(['over TLS']));
    const client = await database.pool.connect();
    const sleeping = client.query('SELECT pg_sleep(60)').then(
      () => 'slept',
      (error: { code: string }) => error.code,
    );
    await waitFor(async () => expect(await requestCancel(client)).toBe(true));
    expect(await sleeping).toBe('57014');
    client.release();
    const sessions = await encrypted();
    expect(sessions.length).toBeGreaterThanOrEqual(2);
    expect(sessions).not.toContain(false);
  } finally {
    await listener.stop();
    await database.close();
  }
});

const faults: [string, () => Parameters<typeof serveTls>[1], RegExp][] = [
  [
    'a certificate for another name',
    () => authority.issue('db.example.org'),
    /is for another name: the URL has localhost, the certificate has DNS:db\.example\.org/,
  ],
  [
    'a certificate of a foreign CA',
    () => new TestAuthority('Our CA').issue('localhost'),
    /is not signed by a CA of sslrootcert/,
  ],
  [
    'an expired certificate',
    () => authority.issue('localhost', new Date(Date.now() - 1000)),
    /certificate has expired/,
  ],
  ['no TLS', () => undefined, /the server does not offer TLS, which sslmode requires/],
];

test.each(faults)(
  'a server with %s gets no password, and the log says why',
  async (_, certificate, reason) => {
    await serveTls(cluster, certificate());
    const lines = recordingLogger();
    const database = openDatabase({ url, schema: service, client: PrismaClient, log: lines });
    const listener = new Listener({
      url,
      channel: 'tls',
      onConnect: () => {},
      onPayload: () => {},
      log: lines,
    });
    try {
      const failures = await waitFor(async () => {
        const found = await Promise.all(
          [
            () => database.ping(),
            () => migrateTables({ url, waitMs: 5000 }),
            () => provision({ adminUrl, services: [{ name: service, url }], log }),
          ].map(async (connecting) =>
            connecting().then(
              () => undefined,
              (error: unknown) => error,
            ),
          ),
        );
        expect(found).not.toContain(undefined);
        return found;
      });
      for (const failure of failures) {
        expect(describeDatabaseError(failure)).toMatch(reason);
        expect(isDatabaseUnavailable(failure)).toBe(true);
      }
      // Prisma has words of its own for it; the log has those above.
      const ofPrisma = await database.client.notification.count().then(() => 0, String);
      expect(ofPrisma).toContain('Error opening a TLS connection');
      expect((await findObstacle({ service, url }))?.reason).toMatch(reason);
      listener.start();
      await waitFor(() => expect(JSON.stringify(lines.lines)).toMatch(reason));
      expect(await encrypted()).toEqual([]);
    } finally {
      await listener.stop();
      await database.close();
    }
  },
);
