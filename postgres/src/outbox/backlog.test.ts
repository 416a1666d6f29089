import { randomUUID } from 'node:crypto';
import { exposition } from '@arcadium/mesh/telemetry';
import { silentLogger } from '@arcadium/mesh/testing';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../database/database.ts';
import { fromPrisma } from '../sql/prisma.ts';
import { Backlog } from './backlog.ts';

let testDatabase: TestDatabase;
let database: Database<PrismaClient>;
beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  const url = testDatabase.url('wiki');
  database = openDatabase({ url, schema: 'wiki', client: PrismaClient, log: silentLogger });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** The gauges of this outbox, by name. */
async function gauges(): Promise<Record<string, number>> {
  const lines = (await exposition()).text.matchAll(/^(outbox_\w+)\{service="backlog"\} (\S+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, Number(value)]));
}

async function counted(): Promise<Record<string, number>> {
  const backlog = new Backlog('backlog', {
    database: fromPrisma(database.client, { schema: 'wiki' }),
    tables: notificationOutbox,
  });
  backlog.start();
  await vi.waitFor(() => expect(backlog.counts).toBeDefined());
  const found = await gauges();
  await backlog.stop();
  return found;
}

test('what waits and what was given up is counted, with the age of the oldest that waits', async () => {
  expect(await counted()).toEqual({ outbox_waiting: 0, outbox_oldest_seconds: 0, outbox_given_up_kept: 0 });
  const message = {
    topic: 'comment',
    title: 'A',
    body: 'B',
    link: '/',
    userIds: [1, 2, 3].map(() => randomUUID()),
  };
  await database.client.notificationOutbox.create({ data: message });
  const [first, second] = await database.client.notificationDelivery.findMany({ orderBy: { id: 'asc' } });
  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
  await database.client.notificationDelivery.update({
    where: { id: first?.id ?? 0n },
    data: { waitsSince: ago(5), failedAt: ago(1) },
  });
  await database.client.notificationDelivery.update({
    where: { id: second?.id ?? 0n },
    data: { waitsSince: ago(2) },
  });
  const found = await counted();
  expect(found).toMatchObject({ outbox_waiting: 2, outbox_given_up_kept: 1 });
  expect(found['outbox_oldest_seconds']).toBeGreaterThan(7190);
  expect(found['outbox_oldest_seconds']).toBeLessThan(7260);
  expect(await gauges()).toEqual({});
});
