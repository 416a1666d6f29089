import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { connect } from '@arcadium/mesh/client';
import { nobody } from '@arcadium/mesh/contract';
import { serve } from '@arcadium/mesh/server';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { migrateTables } from '@arcadium/postgres/tables';
import { createTestCluster, findFreePort } from '@arcadium/postgres/testing-cluster';
import { Pool } from 'pg';
import { expect, vi } from 'vitest';
import { mailContract, shopContract } from './contract.ts';

type Mail = { key: string; id: string; item: string };

/** A real PostgreSQL with the tables of the shop and of the mesh, and a receiver of the shop's messages. */
export async function openPlace() {
  const cluster = await createTestCluster();
  const admin = new Pool({ connectionString: cluster.adminUrl });
  admin.on('error', () => {});
  await admin.query(await readFile(new URL('tables.sql', import.meta.url), 'utf8'));
  // The service's role owns nothing. `npx arcadium-postgres migrate --grant-to shop` does the same.
  await admin.query(`CREATE ROLE shop LOGIN PASSWORD 'shop'`);
  await admin.query('GRANT SELECT, INSERT ON orders TO shop; GRANT SELECT, UPDATE ON stock TO shop');
  await migrateTables({ url: cluster.adminUrl, grantTo: 'shop' });
  const mails: Mail[] = [];
  const mail = await serve(
    mailContract,
    {
      mails: {
        confirm: async ({ input }) => {
          mails.push(input);
          return {};
        },
      },
    },
    { version: '1.0.0', port: 0, log, authenticate: () => nobody, pingDatabase: async () => {} },
  );
  mail.ready();
  const databaseUrl = new URL(cluster.adminUrl);
  [databaseUrl.username, databaseUrl.password] = ['shop', 'shop'];
  return {
    admin,
    mails,
    environment: { DATABASE_URL: databaseUrl.href, MAIL_URL: mail.url },
    close: async () => {
      await mail.stop();
      await admin.end();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** What the tests of these examples use. */
export type Place = Awaited<ReturnType<typeof openPlace>>;

/** A replica of the shop in a process of its own, and a client of it that tries each call once. */
export async function startShop(program: URL, { environment }: Place) {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(program)], {
    env: { ...process.env, ...environment, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const isReady = async () => expect((await fetch(`${url}/readyz`)).status).toBe(200);
  try {
    await vi.waitFor(isReady, { timeout: 60_000 });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const client = connect(shopContract, {
    as: 'anyone',
    url,
    log,
    retryPolicy: { attempts: 1, baseMs: 1, jitter: 0 },
    transport: 'http',
  });
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    await Promise.all([exited, client[Symbol.asyncDispose]()]);
    return child.exitCode;
  };
  return {
    place: (item: string, idempotencyKey: string) =>
      client.orders.place.mutate({ item }, { context: { idempotencyKey } }),
    /** @returns Its exit code. */
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
