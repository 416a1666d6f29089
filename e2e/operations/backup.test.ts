import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '@arcadium/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeSchema } from '../../postgres/src/backup/testing/describe-schema.ts';
import { backUpAll, meshDb } from '../src/backup-commands.ts';
import { startDatabase, type OwnDatabase } from '../src/database.ts';
import { serviceNames, startMesh, type TestMesh } from '../src/mesh.ts';
import { newPerson } from '../src/people.ts';
import { root, watchProcess } from '../src/process.ts';
import { tellStory } from '../src/story.ts';

// The restore drill: a mesh is backed up while it works, loses everything, and is restored by the commands of
// docs/backups.md.

/** Calls at the same time, each after the one before: some tens a second. */
const writers = 4;

let folder: string;
let mesh: TestMesh<OwnDatabase>;
let key: { BACKUP_RECIPIENTS: string; BACKUP_IDENTITY: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'arcadium-drill-'));
  mesh = await startMesh({}, await startDatabase(serviceNames));
  const { output } = await meshDb(mesh.database, {}, ['keygen']);
  key = {
    BACKUP_RECIPIENTS: /: (age1\w+)$/m.exec(output)?.[1] ?? '',
    BACKUP_IDENTITY: /^AGE-SECRET-KEY-1\w+$/m.exec(output)?.[0] ?? '',
  };
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const backUp = (to: string) =>
  backUpAll(mesh.database, { BACKUP_RECIPIENTS: key.BACKUP_RECIPIENTS }, ['--to', to, '--keep', '2']);
const restoreAll = async (from: string, ...options: string[]): Promise<void> => {
  for (const service of serviceNames) {
    const args = ['restore', service, '--from', from, ...options];
    const { code, output } = await meshDb(mesh.database, { BACKUP_IDENTITY: key.BACKUP_IDENTITY }, args);
    expect(output).toContain('as of');
    expect(code).toBe(0);
  }
};

async function stopServices(): Promise<void> {
  for (const service of serviceNames) {
    mesh.process(service).signal('SIGTERM');
    await mesh.process(service).ended;
  }
}

async function startServices(): Promise<void> {
  for (const service of serviceNames) mesh.start(service);
  await mesh.healthy();
}

const asAdmin = <Result>(work: Parameters<typeof withClient<Result>>[2]): Promise<Result> =>
  withClient(mesh.database.adminUrl, undefined, work);

const describeAll = () =>
  asAdmin(async (client) => {
    const described = [];
    for (const service of serviceNames) described.push(await describeSchema(client, service));
    return described;
  });

const commentIds = () =>
  asAdmin(async (client) => {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM wiki.comments');
    return new Set(rows.map(({ id }) => id));
  });

test('a backup under load has what was acknowledged before it, and nothing that came after', async () => {
  const people = await Promise.all(Array.from({ length: writers }, (_, n) => newPerson(mesh, `writer${n}`)));
  const stop = new AbortController();
  const acknowledged: { id: string; at: number }[] = [];
  const begun: { id: string; at: number }[] = [];
  let failed = 0;
  const writing = people.map(async ({ wiki }, n) => {
    const page = await wiki.pages.create.mutate({ slug: `drill-${n}`, title: 'Drill', body: 'A page.' });
    while (!stop.signal.aborted) {
      const at = performance.now();
      try {
        const { id } = await wiki.comments.create.mutate({ pageId: page.id, body: 'Written under load.' });
        begun.push({ id, at });
        acknowledged.push({ id, at: performance.now() });
      } catch {
        failed += 1;
      }
      await delay(40);
    }
  });
  await delay(1500);
  const startedAt = performance.now();
  const made = await backUp(join(folder, 'busy'));
  const endedAt = performance.now();
  expect(made).toMatchObject({ code: 0 });
  await delay(500);
  stop.abort();
  await Promise.all(writing);
  expect(failed).toBe(0);
  await stopServices();

  await restoreAll(join(folder, 'busy'), '--replace');
  const restored = await commentIds();
  const missing = acknowledged.filter(({ id, at }) => at < startedAt && !restored.has(id));
  const fromTheFuture = begun.filter(({ id, at }) => at > endedAt && restored.has(id));
  expect({ missing, fromTheFuture }).toEqual({ missing: [], fromTheFuture: [] });
  console.log(
    `backed up ${restored.size} of ${acknowledged.length} comments in ${Math.round(endedAt - startedAt)} ms under load`,
  );
  await startServices();
});

test('after the loss of all schemas, every row, sequence and right is back, and the mesh works', async () => {
  await stopServices();
  const before = await describeAll();
  const quiet = join(folder, 'quiet');
  expect(await backUp(quiet)).toMatchObject({ code: 0 });
  const lostAt = performance.now();
  await asAdmin((client) => client.query(`DROP SCHEMA ${serviceNames.join(', ')} CASCADE`));
  await mesh.database.provision();
  await restoreAll(quiet);
  const after = await describeAll();
  expect(after).toEqual(before);
  const rows = before
    .flatMap((schema) => Object.values(schema.rows))
    .reduce((sum, list) => sum + list.length, 0);
  await startServices();
  console.log(
    `${rows} rows restored, and healthy ${Math.round(performance.now() - lostAt)} ms after the loss`,
  );
  expect(await tellStory(mesh)).toEqual([0, expect.stringContaining('Every check passed.')]);
});

test('the command line refuses rows that are there, and another key', async () => {
  const from = join(folder, 'quiet');
  const { BACKUP_IDENTITY } = key;
  const occupied = await meshDb(mesh.database, { BACKUP_IDENTITY }, ['restore', 'wiki', '--from', from]);
  expect(occupied).toEqual({ code: 1, output: expect.stringContaining('give --replace') });
  const keyless = await meshDb(mesh.database, {}, ['verify', 'wiki', '--from', from]);
  expect(keyless).toEqual({ code: 1, output: expect.stringContaining('is encrypted') });
  const read = await meshDb(mesh.database, { BACKUP_IDENTITY }, [
    'verify',
    'wiki',
    '--from',
    from,
    '--max-age',
    '1',
  ]);
  expect(read).toEqual({ code: 0, output: expect.stringMatching(/\d+ {2}comments$/m) });
});

test('a full disk fails the backup, and leaves no file that looks like one', async () => {
  const full = join(folder, 'full');
  const { BACKUP_RECIPIENTS } = key;
  const script = `mkdir ${full} && mount -t tmpfs -o size=16k tmpfs ${full} &&
    ${process.execPath} postgres/src/backup/main.ts --to ${full} wiki; echo "exit $?"; ls -A ${full} | wc -l`;
  const child = spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script], {
    cwd: root,
    env: { ...process.env, BACKUP_RECIPIENTS, WIKI_DATABASE_OWNER_URL: mesh.database.ownerUrl('wiki') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const command = watchProcess(child);
  await command.ended;
  expect(command.output()).toMatch(/backup failed; older backups are kept[^]*ENOSPC[^]*exit 1\n0\n$/);
});
