import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { classifyDatabaseError, openDatabase, type Database } from './database.ts';

const logger = { info: () => {}, warn: () => {}, error: () => {} };

let testDatabase: TestDatabase;
let database: Database<PrismaClient>;
beforeAll(async () => {
  testDatabase = await createTestDatabase(['auth']);
  database = openDatabase({ url: testDatabase.url('auth'), schema: 'auth', client: PrismaClient, logger });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

test('of a query that is not valid it is said what is wrong with it, and nothing of what it was given', async () => {
  const faulty = { email: 'ada@example.org', name: 'Ada', passwordHash: '$argon2id$the-hash' };
  const error: unknown = await database.client.user
    .create({ data: { ...faulty, createdAt: new Date(Number.NaN) } })
    .catch((thrown: unknown) => thrown);
  expect(String(error)).toContain('the-hash');
  const classified = classifyDatabaseError(error);
  expect(classified?.code).toBe('INTERNAL_SERVER_ERROR');
  const { message, stack } = (classified as Error).cause as Error;
  expect(message).toContain('createdAt');
  expect(message).toContain('create()');
  expect(`${message}${stack}`).not.toMatch(/the-hash|ada@/i);
  expect(stack).toContain('classify.test.ts');
});

test('of other errors it says nothing', () => {
  expect(classifyDatabaseError(new Error('something else'))).toBeUndefined();
  expect(classifyDatabaseError('text')).toBeUndefined();
});
