import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';

import { migrate } from '../migrate/migrate.ts';
import { provision } from '../provision/provision.ts';
import { withClient } from '../provision/with-client.ts';
import { createTestDatabase, type TestDatabase } from '../testing/testing.ts';
import { backup, restore, verify } from './index.ts';
import { describeSchema } from './testing/describe-schema.ts';
import { oddMigrations, oddRows } from './testing/odd-schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'arcadium-backup-'));
const migrations = join(folder, 'migrations');
const identity = await generateX25519Identity();
const recipients = [await identityToRecipient(identity)];
const service = 'shop';
const log = { info: () => {}, warn: () => {}, error: () => {} };
let database: TestDatabase;
let to: string;
let count = 0;

for (const [name, sql] of Object.entries(oddMigrations)) write(migrations, name, sql);

function write(into: string, name: string, sql: string): void {
  mkdirSync(join(into, name), { recursive: true });
  writeFileSync(join(into, name, 'migration.sql'), sql);
}

beforeAll(async () => {
  database = await createTestDatabase([{ name: service, migrations }]);
  await asOwner((client) => client.query(oddRows));
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  to = join(folder, `backups-${(count += 1)}`);
});

function asOwner<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
  return withClient(database.ownerUrl(service), undefined, work);
}

const make = (others: Partial<Parameters<typeof backup>[0]> = {}) =>
  backup({ service, url: database.ownerUrl(service), to, encryption: { recipients }, ...others });

const bringBack = (others: Partial<Parameters<typeof restore>[0]> = {}) =>
  restore({
    service,
    url: database.ownerUrl(service),
    trafficUrl: database.url(service),
    folder: migrations,
    from: to,
    open: { identities: [identity] },
    ...others,
  });

const described = () => withClient(database.adminUrl, undefined, (client) => describeSchema(client, service));

test('what was dropped with its schema is restored: rows, sequences, triggers, keys, indexes and rights', async () => {
  const before = await described();
  const made = await make();
  expect(made).toMatchObject({ migration: '2_later', rows: 20, removed: [] });
  await withClient(database.adminUrl, undefined, (client) => client.query(`DROP SCHEMA ${service} CASCADE`));
  await expect(bringBack()).rejects.toThrow('schema "shop" does not exist yet');
  await provision({
    adminUrl: inject('testDatabaseAdminUrl'),
    services: [{ name: service, url: database.url(service), ownerUrl: database.ownerUrl(service) }],
    log,
  });
  const restored = await bringBack();
  expect(restored.rows).toMatchObject({ odd: 6, nothing: 0, audit: 2 });
  const after = await described();
  expect(after.rows).toEqual(before.rows);
  expect(after).toEqual(before);
  // Nothing is left to migrate, and the service works.
  expect(await migrate({ service, url: database.ownerUrl(service), log, folder: migrations })).toEqual([]);
  await withClient(database.url(service), undefined, (client) =>
    client.query(`INSERT INTO odd (body) VALUES ('after') RETURNING id`).then(({ rows }) => {
      expect(rows).toEqual([{ id: '8' }]);
    }),
  );
  await asOwner((client) => client.query(`DELETE FROM odd WHERE body = 'after'`));
});

test('a backup under writes has every table as of one moment, and writes do not wait for it', async () => {
  const stop = new AbortController();
  let transfers = 0;
  const writing = withClient(database.url(service), undefined, async (client) => {
    for (; !stop.signal.aborted; transfers += 1) {
      await client.query(
        'BEGIN; UPDATE left_account SET balance = balance - 1; UPDATE right_account SET balance = balance + 1; COMMIT',
      );
    }
  });
  await asOwner((client) =>
    client.query(
      `INSERT INTO filler SELECT n, (SELECT string_agg(md5(n || '-' || k), '') FROM generate_series(1, 20) k) FROM generate_series(1, 5000) n`,
    ),
  );
  const before = transfers;
  const { path, bytes } = await make();
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(transfers - before).toBeGreaterThan(10);
  stop.abort();
  await writing;
  await asOwner((client) => client.query('TRUNCATE filler'));
  await bringBack({ from: path, replace: true });
  await asOwner(async (client) => {
    const { rows } = await client.query(
      'SELECT sum(balance)::int AS sum, (SELECT count(*)::int FROM filler) AS filled FROM (TABLE left_account UNION ALL TABLE right_account) AS accounts',
    );
    expect(rows).toEqual([{ sum: 1000, filled: 5_000 }]);
    await client.query('TRUNCATE filler');
  });
});

describe('a restore refuses, and changes nothing:', () => {
  let whole: string;
  let before: Awaited<ReturnType<typeof described>>;
  beforeEach(async () => {
    whole = (await make()).path;
    before = await described();
  });

  const refusal = async (others: Parameters<typeof bringBack>[0] = {}) => {
    const options = { replace: true, from: whole, ...others };
    const error: unknown = await bringBack(options).catch((cause: unknown) => cause);
    return { error, unchanged: isDeepStrictEqual(await described(), before) };
  };
  const matching = (code: string, message: RegExp) => ({
    error: expect.objectContaining({ name: 'BackupError', code, message: expect.stringMatching(message) }),
    unchanged: true,
  });

  test('a schema with rows, unless told', async () => {
    expect(await refusal({ replace: false })).toEqual(matching('occupied', /has rows in audit, .*--replace/));
  });

  test('a truncated file, at every length', async () => {
    const bytes = readFileSync(whole);
    for (const length of [0, 1, 100, bytes.length >> 1, bytes.length - 1]) {
      truncateSync(whole, length);
      expect(await refusal({})).toEqual(matching('damaged', /damaged|truncated|not a backup/));
      writeFileSync(whole, bytes);
    }
  });

  test('a changed byte, encrypted or not', async () => {
    const { path: plain } = await make({ encryption: undefined });
    for (const [from, open] of [
      [whole, { identities: [identity] }],
      [plain, undefined],
    ] as const) {
      const bytes = readFileSync(from);
      for (const share of [0.3, 0.6, 0.99]) {
        const changed = Buffer.from(bytes);
        const at = Math.floor(bytes.length * share);
        changed[at] = (changed[at] ?? 0) ^ 4;
        writeFileSync(from, changed);
        expect(await refusal({ from, open })).toEqual(matching('damaged', /damaged|truncated/));
      }
    }
  });

  test('another identity, none, another service', async () => {
    const identities = [await generateX25519Identity()];
    expect(await refusal({ open: { identities } })).toEqual(
      matching('locked', /This identity does not open the backup/),
    );
    expect(await refusal({ open: undefined })).toEqual(matching('locked', /is encrypted/));
    await expect(
      verify({ service: 'other', from: whole, open: { identities: [identity] } }),
    ).rejects.toMatchObject({ code: 'foreign', message: 'This is a backup of shop, not of other' });
  });

  test('a backup of a later release, or of migrations that were edited', async () => {
    const older = join(folder, 'older');
    write(older, '1_first', oddMigrations['1_first']);
    expect(await refusal({ folder: older })).toEqual(
      matching('newer', /the migration 2_later of shop, which this release does not have/),
    );
    write(older, '2_later', '-- edited');
    expect(await refusal({ folder: older })).toEqual(matching('newer', /2_later of shop was edited/));
  });

  test('rows that a constraint rejects, at the last moment', async () => {
    await asOwner(async (client) => {
      await client.query(`ALTER TABLE odd DISABLE TRIGGER note_odd; ALTER TABLE child DROP CONSTRAINT child_parent_fkey;
        INSERT INTO child (parent) VALUES (12345)`);
    });
    try {
      const { path } = await make();
      before = await described();
      await expect(bringBack({ from: path, replace: true })).rejects.toThrow(
        'violates foreign key constraint',
      );
      expect(await described()).toEqual(before);
    } finally {
      await bringBack({ from: whole, replace: true });
    }
  });
});

test('a later release restores an older backup, and migrates it when the service starts', async () => {
  const { path } = await make();
  const later = join(folder, 'later');
  for (const [name, sql] of Object.entries(oddMigrations)) write(later, name, sql);
  write(later, '3_more', 'ALTER TABLE nothing ADD COLUMN more text');
  const url = database.ownerUrl(service);
  expect(await migrate({ service, url, log, folder: later })).toEqual(['3_more']);
  await bringBack({ from: path, folder: later, replace: true });
  expect(await migrate({ service, url, log, folder: later })).toEqual(['3_more']);
  await bringBack({ from: path, replace: true });
});

test('a passphrase, or any of several recipients, opens a backup', async () => {
  const { path } = await make({ encryption: { passphrase: 'right' } });
  expect(path).toMatch(/shop-\d{8}T\d{9}Z\.sql\.zst\.age$/);
  const opened = await verify({ service, from: path, open: { passphrase: 'right' } });
  expect(opened.rows).toMatchObject({ odd: 6 });
  await expect(verify({ service, from: path, open: { passphrase: 'wrong' } })).rejects.toMatchObject({
    code: 'locked',
  });
  const other = await generateX25519Identity();
  await make({ encryption: { recipients: [...recipients, await identityToRecipient(other)] } });
  expect(await verify({ service, from: to, open: { identities: [other] } })).toMatchObject({ service });
  await expect(make({ encryption: { recipients: ['age1nonsense'] } })).rejects.toThrow(
    '"age1nonsense" is not a recipient',
  );
});

test('keeps the newest of a service, and a failure leaves the others and no half file', async () => {
  const paths = [];
  for (const _again of [1, 2, 3]) paths.push((await make({ encryption: undefined })).path);
  writeFileSync(join(to, 'shop-two-20260101T000000000Z.sql.zst'), 'of another service');
  const last = await make({ encryption: undefined, keep: 2 });
  expect(last.removed).toHaveLength(2);
  const names = [
    'shop-two-20260101T000000000Z.sql.zst',
    ...[paths[2], last.path].map((path) => path?.slice(to.length + 1)),
  ];
  expect(readdirSync(to).toSorted()).toEqual(names.toSorted());
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(make({ keep: 1, signal: stopped })).rejects.toThrow();
  await expect(make({ keep: 1, service: 'absent' })).rejects.toThrow('The schema "absent" does not exist');
  expect(readdirSync(to).toSorted()).toEqual(names.toSorted());
});
