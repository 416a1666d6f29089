import { authContract } from '@arcadium/contracts/auth';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { createTestIdentity, silentLogger, type TestIdentity } from '@arcadium/mesh/testing';
import { openDatabase, type Database } from '@arcadium/postgres/database';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { administrator, testConfig } from './config.ts';
import { startApp } from '../app.ts';
import type { Config } from '../config.ts';

/** Several complete auth services on one database, each on its own port. */
export interface Replicas extends AsyncDisposable {
  readonly identity: TestIdentity;
  readonly database: TestDatabase;
  /** Direct access to the database. */
  readonly stored: PrismaClient;
  /** Its connection pool. */
  readonly pool: Database<PrismaClient>['pool'];
  /** The address of each. */
  readonly urls: readonly string[];
  asAdmin(replica?: number): Promise<Admin>;
  /** @param options.token By default, one from set-up. */
  asService(name: string, options?: { replica?: number; token?: string }): Promise<Service>;
}

const log = silentLogger;
type Admin = MeshClient<typeof authContract, 'admin'>;
type Service = MeshClient<typeof authContract, 'wiki'>;

/**
 * Starts them.
 *
 * @param change Settings to change in all of them.
 */
export async function startReplicas(count: number, change: Partial<Config> = {}): Promise<Replicas> {
  const [identity, database] = await Promise.all([createTestIdentity(), createTestDatabase(['auth'])]);
  const ports = await Promise.all(Array.from({ length: count }, () => findFreePort()));
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const common = await testConfig({ url: urls[0] ?? '', identity, database });
  const ending = new AbortController().signal;
  const apps = await Promise.all(
    urls.map((url) => startApp({ ...common, AUTH_SERVICE_URL: [url], ...change }, ending)),
  );
  const opened = openDatabase({
    url: database.url('auth'),
    schema: 'auth',
    client: PrismaClient,
    log: silentLogger,
  });
  const clients: AsyncDisposable[] = [];
  const at = (replica: number) => urls[replica] ?? '';
  return {
    identity,
    database,
    stored: opened.client,
    pool: opened.pool,
    urls,
    async asAdmin(replica = 0) {
      await using anyone = connect(authContract, { as: 'anyone', url: at(replica), log: silentLogger });
      const { accessToken } = await anyone.sessions.login.mutate(administrator);
      const admin = connect(authContract, { as: 'admin', url: at(replica), token: accessToken, log });
      clients.push(admin);
      return admin;
    },
    async asService(name, { replica = 0, token } = {}) {
      const own = token ?? (await identity.serviceToken(name));
      // Every service has the same rights here as the wiki.
      const service = connect(authContract, { as: 'wiki', url: at(replica), token: own, log });
      clients.push(service);
      return service;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
      await Promise.all(apps.map((app) => app.stop()));
      await opened.close();
      await database.drop();
    },
  };
}
