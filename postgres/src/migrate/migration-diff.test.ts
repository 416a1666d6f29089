import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { compareWithSchema } from './migration-diff.ts';
import { withClient } from '../provision/with-client.ts';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';

// The form that README.md recommends for features that Prisma cannot express.
const models = `
datasource db {
  provider = "postgresql"
}
model Page {
  id           String @id @default(uuid(7)) @db.Uuid
  title        String
  content      String
  deleted      Boolean @default(false)
  searchVector Unsupported("tsvector")? @default(dbgenerated()) @map("search_vector")

  @@index([searchVector], type: Gin)
  @@index([title(ops: raw("gin_trgm_ops"))], type: Gin)
  @@map("pages")
}`;

const sqlText = `
CREATE TABLE pages (
  id UUID NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL, deleted BOOLEAN NOT NULL DEFAULT false,
  CONSTRAINT pages_pkey PRIMARY KEY (id), CONSTRAINT pages_title_check CHECK (title <> '')
);
CREATE FUNCTION "fold"(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
  SET search_path = extensions, pg_catalog
  RETURN unaccent('unaccent', lower($1));
ALTER TABLE "pages" ADD COLUMN "search_vector" tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector('simple', "fold"("title")), 'A') || setweight(to_tsvector('simple', "fold"("content")), 'B')
) STORED;
CREATE INDEX "pages_search_vector_idx" ON "pages" USING GIN ("search_vector");
CREATE INDEX "pages_title_idx" ON "pages" USING GIN ("title" gin_trgm_ops);
`;

let database: TestDatabase;
let folder: string;
let schema: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'arcadium-diff-'));
  schema = join(folder, 'schema.prisma');
  writeFileSync(schema, models);
  database = await createTestDatabase(['auth']);
  await withClient(database.ownerUrl('auth'), undefined, async (client) => {
    const tables = await client.query<{ name: string }>(
      'SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = current_schema()',
    );
    await client.query(`DROP TABLE ${tables.rows.map(({ name }) => name).join(', ')}`);
    await client.query(sqlText);
  });
});

afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

test('generated columns, checks, functions and operator classes are no difference', async () => {
  expect(await compareWithSchema('auth', database.ownerUrl('auth'), schema)).toBe('');
});

test('a missing column is one, with the SQL that adds it and no schema in its names', async () => {
  writeFileSync(schema, models.replace('deleted', 'slug String?\n  deleted'));
  const sql = await compareWithSchema('auth', database.ownerUrl('auth'), schema);
  expect(sql.trim()).toBe('-- AlterTable\nALTER TABLE "pages" ADD COLUMN     "slug" TEXT;');
});
