import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createArchivedServer, programs, type ArchivedServer } from '../src/archived-server.ts';
import { until } from '../src/mesh.ts';

// Point-in-time recovery with the scripts of docker/postgres. Skipped outside of CI where pg_basebackup is missing.

const archiveTimeoutS = 2;

let server: ArchivedServer;
let client: pg.Client;

async function startOn(data: string): Promise<void> {
  await server.start(data);
  client = new pg.Client({ connectionString: server.url() });
  client.on('error', () => {});
  await client.connect();
}

async function order(): Promise<number> {
  const { rows } = await client.query<{ id: string }>('INSERT INTO orders DEFAULT VALUES RETURNING id');
  return Number(rows[0]?.id);
}

async function orders(): Promise<number[]> {
  const { rows } = await client.query<{ id: string }>('SELECT id FROM orders ORDER BY id');
  return rows.map(({ id }) => Number(id));
}

/** The name of the segment of WAL that is written at present. */
async function currentSegment(): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name',
  );
  return rows[0]?.name ?? '';
}

const archived = () => readdirSync(join(server.archive, 'wal')).toSorted();
const bases = () => readdirSync(join(server.archive, 'base')).toSorted();

describe.skipIf(!process.env['CI'] && programs === undefined)('docker/postgres', () => {
  beforeAll(async () => {
    server = await createArchivedServer(archiveTimeoutS);
    await startOn('first');
    await client.query(
      'CREATE TABLE orders (id bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())',
    );
  });
  afterAll(async () => {
    await client.end().catch(() => {});
    server[Symbol.dispose]();
  });

  test('the moment before a mistake is restored to the transaction, from a base backup that was made under load', async () => {
    const stop = new AbortController();
    const writing = (async () => {
      for (; !stop.signal.aborted; await delay(5)) await order();
    })();
    await delay(300);
    server.script('base-backup.sh');
    await delay(1500);
    stop.abort();
    await writing;
    const before = await orders();
    const { rows } = await client.query<{ at: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
    );
    const at = rows[0]?.at ?? '';
    await delay(20);
    await client.query('DROP TABLE orders'); // the mistake
    await client.query('CREATE TABLE orders (id bigserial PRIMARY KEY)');
    await order();
    await client.end();
    await server.end('SIGINT');

    const startedAt = performance.now();
    expect(() => server.script('restore-to-time.sh', [at, server.data])).toThrow('is not empty');
    expect(() => server.script('restore-to-time.sh', ['2001-01-01T00:00:00Z', 'early'])).toThrow(
      'no base backup',
    );
    server.script('restore-to-time.sh', [at, 'second']);
    await startOn('second');
    console.log(
      `${before.length} rows as of ${at}, ${Math.round(performance.now() - startedAt)} ms after the start`,
    );
    expect(await orders()).toEqual(before);
    expect(await order()).toBeGreaterThan(before.at(-1) ?? 0);
    // The last step of the guide. Without it, archive_timeout is not followed until checkpoint_timeout has passed.
    server.script('base-backup.sh');
  });

  test('of a server that is lost with its disk, all is restored that was archived: all but the last seconds', async () => {
    const acknowledged: { id: number; at: number }[] = [];
    const stop = new AbortController();
    const writing = (async () => {
      for (; !stop.signal.aborted; await delay(10))
        acknowledged.push({ id: await order(), at: performance.now() });
    })();
    await until(() => acknowledged.length > 50, 'rows are written');
    const before = acknowledged.length;
    const segment = await currentSegment();
    // Not full by far: only archive_timeout ends it.
    await until(() => archived().includes(`${segment}.gz`), `${segment} is archived`);
    await delay(500);
    stop.abort();
    await writing;
    const killedAt = performance.now();
    await server.end('SIGKILL');
    await client.end().catch(() => {});
    server.script('restore-to-time.sh', ['latest', 'third']);
    await startOn('third');
    const restored = new Set(await orders());
    const lost = acknowledged.filter(({ id }) => !restored.has(id));
    const oldest = killedAt - (lost[0]?.at ?? killedAt);
    console.log(
      `lost: ${lost.length} of ${acknowledged.length} rows, the oldest ${Math.round(oldest)} ms old`,
    );
    expect(acknowledged.slice(0, before).filter(({ id }) => !restored.has(id))).toEqual([]);
  });

  test('base backups beyond those to keep go, with the WAL that only they need', async () => {
    const [first] = bases();
    server.script('base-backup.sh', [], { KEEP: '2' });
    expect(bases()).toHaveLength(2);
    const wal = archived();
    await delay(1_100); // names are to the second
    server.script('base-backup.sh', [], { KEEP: '1' });
    expect(bases()).toHaveLength(1);
    expect(bases()).not.toContain(first);
    expect(archived()).not.toContain(wal.find((name) => /^[0-9A-F]{24}\.gz$/.test(name)));
    await client.end();
    await server.end('SIGINT');
    const expected = server.script('restore-to-time.sh', ['latest', 'fourth']);
    expect(expected).toContain(bases()[0]);
    await startOn('fourth');
    expect((await orders()).length).toBeGreaterThan(0);
  });

  test('a segment is archived once, and never replaced by another', async () => {
    const folder = join(server.archive, '..', 'segments');
    mkdirSync(folder, { recursive: true });
    const segment = join(folder, 'segment');
    const name = '0000000900000000000000AA';
    writeFileSync(segment, 'the first content');
    server.script('archive-wal.sh', [segment, name]);
    server.script('archive-wal.sh', [segment, name]);
    const file = join(server.archive, 'wal', `${name}.gz`);
    const kept = readFileSync(file);
    writeFileSync(segment, 'other content');
    expect(() => server.script('archive-wal.sh', [segment, name])).toThrow('with other content');
    expect(readFileSync(file)).toEqual(kept);
    expect(() =>
      server.script('archive-wal.sh', [join(folder, 'absent'), '0000000900000000000000AB']),
    ).toThrow();
    expect(archived().filter((one) => one.includes('0000000900000000000000AB'))).toEqual([]);
    await until(
      async () => readdirSync(join(server.archive, 'wal')).every((one) => !one.startsWith('.')),
      'no draft',
    );
  });
});
