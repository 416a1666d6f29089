import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { longMs, meshProgram, runMesh, type Outcome } from '../testing/running-auth.ts';

// Runs the commands against a real PostgreSQL, on a database without tables at first.

const names = readdirSync(migrationsFolder('notification')).filter((name) => /^\d/.test(name));

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['notification']);
  // As it is before the first migration.
  await owner(`DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT relname AS name FROM pg_class WHERE relnamespace = 'notification'::regnamespace AND relkind = 'r'
      LOOP EXECUTE format('DROP TABLE notification.%I CASCADE', one.name); END LOOP;
    FOR one IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'notification'::regnamespace
      LOOP EXECUTE format('DROP ROUTINE %s CASCADE', one.name); END LOOP;
    FOR one IN SELECT typname AS name FROM pg_type WHERE typnamespace = 'notification'::regnamespace AND typtype = 'e'
      LOOP EXECUTE format('DROP TYPE notification.%I CASCADE', one.name); END LOOP;
  END $$`);
});
afterAll(() => database.drop());

const urls = () => ({
  NOTIFICATION_DATABASE_URL: database.url('notification'),
  NOTIFICATION_DATABASE_OWNER_URL: database.ownerUrl('notification'),
});

function db(words: readonly string[], input?: string, environment: Record<string, string> = urls()) {
  return runMesh(
    ['db', ...words],
    { PATH: process.env['PATH'] ?? '', ENVIRONMENT: 'mesh-test', ...environment },
    input,
  );
}

async function owner(sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(database.ownerUrl('notification'));
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const status = async (): Promise<Outcome & { seen: object }> => {
  const outcome = await db(['status', 'notification', '--json']);
  return { ...outcome, seen: (JSON.parse(outcome.out) as object[])[0] ?? {} };
};

test(
  'a database is migrated, and its status says what it lacks before and after',
  async () => {
    const before = await status();
    expect(before).toMatchObject({
      code: 1,
      seen: {
        service: 'notification',
        reachable: true,
        problem: null,
        migrations: { applied: [], pending: names, edited: [], newer: [], interrupted: [] },
        connections: { service: expect.any(Number), most: expect.any(Number) },
      },
    });
    const dry = await db(['migrate', 'notification', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, out: names.map((name) => `notification ${name}\n`).join('') });
    expect((await status()).seen).toEqual(
      expect.objectContaining({ migrations: expect.objectContaining({ applied: [] }) }),
    );
    const applied = await db(['migrate', 'notification', '--json']);
    expect(JSON.parse(applied.out)).toEqual({ notification: names });
    expect(JSON.parse((await db(['migrate', 'notification', '--json'])).out)).toEqual({ notification: [] });
    const after = await status();
    expect(after).toMatchObject({ code: 0, seen: { migrations: { applied: names, pending: [] } } });
    expect((after.seen as { bytes: number }).bytes).toBeGreaterThan(0);
    expect(await db(['status', 'notification'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^service +database .*\n─+[^\n]*\nnotification +reachable +\d/),
    });
    await owner(
      `UPDATE notification._prisma_migrations SET checksum = 'another' WHERE migration_name = '${names[0]}'`,
    );
    await owner(`INSERT INTO notification._prisma_migrations (id, checksum, migration_name, finished_at)
      VALUES ('x', 'x', '29990101000000_later', now())`);
    expect(await status()).toMatchObject({
      code: 1,
      seen: { migrations: { edited: [names[0]], newer: ['29990101000000_later'], pending: [] } },
    });
  },
  longMs,
);

test(
  'a server that does not answer is said, without its password, and an unknown service with the known ones',
  async () => {
    const url = 'postgres://notification:hunter2hunter2@127.0.0.1:9/arcadium';
    const away = await db(['status', 'notification', '--json'], undefined, {
      NOTIFICATION_DATABASE_URL: url,
    });
    expect(away.code).toBe(1);
    expect(JSON.parse(away.out)).toMatchObject([{ reachable: false, migrations: null, bytes: null }]);
    expect(away.out).toContain('PostgreSQL does not answer at 127.0.0.1:9');
    const migrating = await db(['migrate', 'notification'], undefined, { NOTIFICATION_DATABASE_URL: url });
    expect(migrating).toMatchObject({ code: 1, out: '' });
    expect(migrating.err).toContain('The database of notification is not ready: PostgreSQL does not answer');
    expect(away.out + migrating.err).not.toContain('hunter2');
    expect((await db(['shell', 'nosuch'])).err).toContain('There is no service with a database "nosuch"');
  },
  longMs,
);

const count = async () => (await owner('SELECT count(*)::int AS n FROM notification.notes'))[0]?.['n'];

test.each<[string, string]>([
  ['at once', `INSERT INTO notes VALUES ('x')`],
  ['by two statements', `COMMIT; INSERT INTO notes VALUES ('x')`],
  ['in a function', `SELECT note('x')`],
  ['in a block', `DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO notes VALUES ('x'); END $$`],
  ['of a procedure', `CALL note_and_commit('x')`],
  ['after the end of the transaction', `COMMIT;\nINSERT INTO notes VALUES ('x')`],
  ['after another beginning', `COMMIT;\nBEGIN READ WRITE;\nINSERT INTO notes VALUES ('x');\nCOMMIT`],
  ['after the transaction is switched', `SET TRANSACTION READ WRITE;\nINSERT INTO notes VALUES ('x')`],
  ['after the setting is', `SET transaction_read_only = off`],
  [
    'by the default of the session',
    `SET default_transaction_read_only = off;\nCOMMIT;\nINSERT INTO notes VALUES ('x')`,
  ],
  [
    'by the characteristics of the session',
    `SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE;\nCOMMIT;\nINSERT INTO notes VALUES ('x');\nCOMMIT`,
  ],
  ['with a chain', `COMMIT AND CHAIN;\nINSERT INTO notes VALUES ('x');\nCOMMIT`],
  ['by a prepared statement', `PREPARE p AS INSERT INTO notes VALUES ('x');\nEXECUTE p`],
  [
    'by set_config',
    `SELECT set_config('transaction_read_only', 'off', false);\nINSERT INTO notes VALUES ('x')`,
  ],
  ['with explain', `EXPLAIN ANALYZE INSERT INTO notes VALUES ('x')`],
  [
    'with a common table expression',
    `WITH made AS (INSERT INTO notes VALUES ('x') RETURNING *) SELECT * FROM made`,
  ],
  ['by a copy', `COPY notes FROM STDIN`],
  ['by a definition', `CREATE TABLE mine (id int)`],
])(
  'a reading shell does not write %s',
  async (_how, sql) => {
    await owner(`DROP TABLE IF EXISTS notification.notes; CREATE TABLE notification.notes (text text);
      GRANT ALL ON notification.notes TO PUBLIC;
      CREATE OR REPLACE FUNCTION notification.note(t text) RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN SET LOCAL transaction_read_only = off; INSERT INTO notification.notes VALUES (t); END $$;
      CREATE OR REPLACE PROCEDURE notification.note_and_commit(t text) LANGUAGE plpgsql AS
        $$ BEGIN COMMIT; INSERT INTO notification.notes VALUES (t); COMMIT; END $$;
      GRANT EXECUTE ON ALL ROUTINES IN SCHEMA notification TO PUBLIC`);
    const { code, err } = await db(['shell', 'notification'], `${sql};\n`);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/\S/) });
    expect(err).not.toContain('permission denied for table');
    expect(await count()).toBe(0);
    expect(await owner(`SELECT FROM pg_tables WHERE tablename = 'mine'`)).toEqual([]);
  },
  longMs,
);

test(
  'a shell answers in tables and JSON, and writes only after the name of the service',
  async () => {
    const select = `SELECT 'a' AS one, NULL AS two, n FROM generate_series(1, 2) n`;
    expect(await db(['shell', 'notification', '-c', select])).toMatchObject({
      code: 0,
      out: 'one  two  n\n───  ───  ─\na         1\na         2\n',
    });
    const json = await db(['shell', 'notification', '--json'], `${select};\n\\d notes\nSELECT 1 AS last\n`);
    expect(
      json.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object[]),
    ).toMatchObject([
      [{ one: 'a', two: null, n: '1' }, { n: '2' }],
      [{ column_name: 'text' }],
      [{ last: '1' }],
    ]);
    const large = await db(['shell', 'notification', '--json', '-c', 'SELECT generate_series(1, 2500)']);
    expect(JSON.parse(large.out)).toHaveLength(1000);
    expect(large.err).toContain('1500 more rows');
    const insert = ['shell', 'notification', '--write', '-c', `INSERT INTO notes VALUES ('y')`];
    expect(await db(insert, 'yes\n')).toMatchObject({ code: 1, err: 'Not confirmed; nothing was changed\n' });
    expect(await count()).toBe(0);
    expect(await db(insert, 'notification\n')).toMatchObject({ code: 0, err: 'INSERT 1\n' });
    const several = `notification\nINSERT INTO notes VALUES ('z');\nDELETE FROM notes WHERE text = 'y';\n`;
    expect(await db(['shell', 'notification', '--write'], several)).toMatchObject({ code: 0 });
    expect(await owner('SELECT text FROM notification.notes')).toEqual([{ text: 'z' }]);
  },
  longMs,
);

/** Types lines at a terminal (util-linux's `script` makes one), each after what is shown. @returns All that was shown. */
async function typeAt(
  words: readonly string[],
  typed: readonly [after: string, line: string][],
): Promise<string> {
  const command = [process.execPath, meshProgram, 'db', ...words].join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', ENVIRONMENT: 'mesh-test', ...urls() },
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const ended = once(child, 'close');
  let read = 0;
  for (const [after, line] of typed) {
    await vi.waitFor(() => expect(shown.slice(read)).toContain(after), { timeout: longMs, interval: 50 });
    read = shown.length;
    child.stdin.write(`${line}\n`);
  }
  await ended;
  return shown;
}

test.runIf(process.platform === 'linux')(
  'at a terminal, a reading shell goes on after an error, and a writing one asks and then writes',
  async () => {
    await owner(`DROP TABLE IF EXISTS notification.notes; CREATE TABLE notification.notes (text text);
      GRANT ALL ON notification.notes TO PUBLIC`);
    const read = await typeAt(
      ['shell', 'notification'],
      [
        ['notification=> ', `INSERT INTO notes VALUES ('x');`],
        ['notification=> ', 'SELECT 40 +'],
        ['notification-> ', '2 AS answer;'],
        ['notification=> ', String.raw`\q`],
      ],
    );
    expect(read).toContain('cannot execute INSERT in a read-only transaction');
    expect(read).toMatch(/answer\s+─+\s+42\s/);
    expect(await count()).toBe(0);
    // In psql where it is installed.
    await typeAt(
      ['shell', 'notification', '--write'],
      [
        ['Type notification to go on: ', 'notification'],
        ['=> ', `INSERT INTO notes VALUES ('x');`],
        ['=> ', String.raw`\q`],
      ],
    );
    expect(await count()).toBe(1);
    const refused = await typeAt(['shell', 'notification', '--write'], [['to go on: ', 'no']]);
    expect(refused).toContain('Not confirmed');
  },
  longMs,
);
