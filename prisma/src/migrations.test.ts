import { compareWithSchema } from '@arcadium/postgres/migration-diff';
import { expect, test } from 'vitest';
import { schemaFile, servicesWithSchema } from './folders.ts';
import { createTestDatabase } from './testing/testing.ts';

test.each(servicesWithSchema())('the migrations of %s lead to its schema.prisma', async (service) => {
  await using database = await createTestDatabase([service]);
  expect(await compareWithSchema(service, database.adminUrl, schemaFile(service))).toBe('');
});
