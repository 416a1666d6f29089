import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { provision } from '@arcadium/postgres/provision';
import { withClient } from '@arcadium/postgres/testing';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { breaks, contractOf, snapshot } from './compatibility.ts';
import { migrationsFolder, servicesWithSchema } from './folders.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
/** Of the time before the first release that keeps the promise. */
const lastExempt = '20261130141500_outbox_traceparent';

const schemas = [...servicesWithSchema(), 'examples'];

let url: URL;

/** One database for all, with an empty schema for each. */
beforeAll(async () => {
  url = new URL(inject('testDatabaseAdminUrl'));
  url.pathname = `/test_${inject('testDatabaseRunId')}_c${randomBytes(4).toString('hex')}`;
  const services = schemas.map((name) => ({ name, url: urlOf(name) }));
  await provision({ adminUrl: inject('testDatabaseAdminUrl'), services, log });
});
afterAll(async () => {
  await withClient(inject('testDatabaseAdminUrl'), undefined, (admin) =>
    admin.query(`DROP DATABASE IF EXISTS "${url.pathname.slice(1)}" WITH (FORCE)`),
  );
});

function urlOf(schema: string): string {
  const owner = new URL(url);
  owner.username = `test_${schema}_c`;
  owner.password = 'secret';
  return owner.href;
}

/** In a transaction that is rolled back. */
async function inSchema<Result>(schema: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  return await withClient(urlOf(schema), undefined, async (client) => {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('ROLLBACK');
    return result;
  });
}

describe.each(servicesWithSchema())('the migrations of %s', (service) => {
  test('leave the version before them working, or say of what they are the second half', async () => {
    const folder = migrationsFolder(service);
    const migrations = readdirSync(folder)
      .toSorted()
      .map((name) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }));
    const broken = await inSchema(service, async (client) => {
      const found: string[] = [];
      let before = await snapshot(client, service);
      for (const { name, sql } of migrations) {
        // In a transaction, an index is built in the other way; it is the same index.
        await client.query(sql.replace('INDEX CONCURRENTLY', 'INDEX'));
        const after = await snapshot(client, service);
        const expanded = contractOf(sql);
        const earlier = migrations.some((one) => one.name === expanded && one.name < name);
        if (name > lastExempt && !earlier)
          found.push(...breaks(before, after).map((what) => `${name}: ${what}`));
        before = after;
      }
      return found;
    });
    expect(broken, 'see docs/upgrades.md').toEqual([]);
  });
});

const start = `
  CREATE TYPE colour AS ENUM ('red', 'blue');
  CREATE TABLE pages (id int PRIMARY KEY, title text NOT NULL DEFAULT '', body text, views int, slug text UNIQUE);
  CREATE FUNCTION twice(n int) RETURNS int RETURN 2 * n;`;

test.each([
  ['ALTER TABLE pages DROP COLUMN body', ['column pages.body is gone or renamed']],
  ['ALTER TABLE pages RENAME COLUMN body TO text', ['column pages.body is gone or renamed']],
  [
    'ALTER TABLE pages ALTER COLUMN views TYPE bigint',
    ['column pages.views changes its type from integer to bigint'],
  ],
  ['ALTER TABLE pages ALTER COLUMN body SET NOT NULL', ['column pages.body becomes NOT NULL']],
  ['ALTER TABLE pages ALTER COLUMN title DROP DEFAULT', ['column pages.title loses its default']],
  [
    'ALTER TABLE pages ADD COLUMN author int NOT NULL',
    [expect.stringMatching(/^column pages\.author is new, NOT NULL/)],
  ],
  [
    'ALTER TABLE pages ADD CHECK (views > 0)',
    [expect.stringMatching(/^constraint pages\.\w+ is new: .*views > 0/)],
  ],
  ['CREATE UNIQUE INDEX one_body ON pages (body)', [expect.stringMatching(/^unique pages\.one_body is new/)]],
  ['ALTER TABLE pages DROP CONSTRAINT pages_slug_key', ['unique pages.pages_slug_key is gone or renamed']],
  ['DROP FUNCTION twice', ['function twice(n integer) is gone or renamed']],
  ["ALTER TYPE colour RENAME VALUE 'red' TO 'crimson'", ['value colour.red is gone or renamed']],
  [
    `ALTER TABLE pages ADD COLUMN author int, ADD COLUMN stars int NOT NULL DEFAULT 0;
     ALTER TABLE pages ALTER COLUMN title DROP NOT NULL; CREATE INDEX ON pages (views);
     CREATE TABLE tags (name text PRIMARY KEY CHECK (name <> ''), page int NOT NULL REFERENCES pages);
     ALTER TYPE colour ADD VALUE 'green'`,
    [],
  ],
])('%s', async (migration, expected) => {
  const found = await inSchema('examples', async (client) => {
    await client.query(start);
    const before = await snapshot(client, 'examples');
    await client.query(migration);
    return breaks(before, await snapshot(client, 'examples'));
  });
  expect(found).toEqual(expected);
});

test('the second half of a change names the first, and a reason', () => {
  expect(contractOf('-- contract of 20261201000000_names: 0.2 reads "full_name" only\nALTER TABLE …')).toBe(
    '20261201000000_names',
  );
  expect(contractOf('-- contract of 20261201000000_names:\nALTER TABLE …')).toBeUndefined();
});
