import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { authContract } from '@arcadium/contracts/auth';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { verifyToken } from '@arcadium/mesh/identity';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startMesh, until, type TestMesh } from './src/mesh.ts';
import { newPerson } from './src/people.ts';
import { startNode, type LogLine, type RunningProcess } from './src/process.ts';

// Wikis whose token is past half of its validity, in addition to a whole mesh.

const dayMs = 24 * 3_600_000;

let mesh: TestMesh;
let database: pg.Client;
beforeAll(async () => {
  mesh = await startMesh();
  // Only the tests' wikis deliver their notifications.
  mesh.process('wiki').signal('SIGTERM');
  await mesh.process('wiki').ended;
  database = new pg.Client(mesh.database.adminUrl);
  await database.connect();
});
afterAll(async () => {
  await database.end();
  await mesh[Symbol.asyncDispose]();
});

let folder: string;
/** A wiki token that was due for renewal 15 days ago. */
let old: string;
const running: Wiki[] = [];
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcadium-rotation-'));
  old = await mesh.identity.serviceToken('wiki', new Date(Date.now() - 60 * dayMs));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ process }) => process[Symbol.asyncDispose]()));
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

/** An additional process of the wiki. */
interface Wiki {
  readonly url: string;
  readonly process: RunningProcess;
  /** The messages in its log. */
  said(): string;
}

/** Starts a wiki. @param token Where it finds its token. */
async function startWiki(token: { SERVICE_TOKEN: string } | { SERVICE_TOKEN_FILE: string }): Promise<Wiki> {
  const port = String(await findFreePort());
  const { SERVICE_TOKEN: _, ...environment } = mesh.environment('wiki');
  const state = await mkdtemp(join(folder, 'state-'));
  const own = startNode('services/wiki/src/main.ts', {
    ...environment,
    ...token,
    PORT: port,
    STATE_DIR: state,
  });
  const wiki: Wiki = {
    url: `http://127.0.0.1:${port}`,
    process: own,
    said: () =>
      own
        .logged()
        .map(({ msg }) => msg)
        .join('\n'),
  };
  running.push(wiki);
  return wiki;
}

const isReady = async ({ url }: Wiki) => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true;

const ready = (wiki: Wiki) => until(() => isReady(wiki), 'the wiki is ready', wiki.process.output);

const isRenewal = ({ msg = '' }: LogLine) => msg.startsWith('the service token is renewed');

const renewed = ({ process: { logged, output } }: Wiki) =>
  until(() => logged().some(isRenewal), 'the token is renewed', output);

/** How long after it was ready its token was renewed, according to its log, in milliseconds. */
function renewedAfterMs({ process: own }: Wiki): number {
  const timeOf = (is: (line: LogLine) => boolean) => Date.parse(String(own.logged().find(is)?.['timestamp']));
  return timeOf(isRenewal) - timeOf(({ msg }) => msg === 'wiki is ready');
}

async function tokenFile(): Promise<string> {
  const file = join(folder, 'SERVICE_TOKEN');
  await writeFile(file, `${old}\n`, { mode: 0o600 });
  return file;
}

const inFile = async (file: string) => (await readFile(file, 'utf8')).trim();

async function idOf(token: string): Promise<string> {
  return (await verifyToken('service', token, { keys: mesh.identity.keys })).claims.jti;
}

/** The ids of the successors of a token. */
async function successorsOf(token: string): Promise<string[]> {
  const { rows } = await database.query<{ jti: string }>(
    'SELECT jti FROM auth.service_tokens WHERE replaces = $1',
    [await idOf(token)],
  );
  return rows.map(({ jti }) => jti);
}

/** Auth's answer to a token: `OK`, or the code of the error. */
async function answerTo(token: string): Promise<string | undefined> {
  await using auth = connect(authContract, { as: 'wiki', url: mesh.url('auth'), token, log });
  return await auth.serviceTokens.list.query({}).then(
    () => 'OK',
    (error: { data?: { code: string }; message: string }) => error.data?.code ?? error.message,
  );
}

/** Makes the wiki call the notification service: Ben comments on Ann's page, and she is notified. */
async function hasCommentsDelivered({ url }: Wiki): Promise<void> {
  const [ann, ben] = await Promise.all([newPerson(mesh, 'Ann'), newPerson(mesh, 'Ben')]);
  await using hers = connect(wikiContract, { as: 'user', url, token: ann.token, log });
  await using his = connect(wikiContract, { as: 'user', url, token: ben.token, log });
  const slug = `page-${ann.id}`;
  const { id: pageId } = await hers.pages.create.mutate({ slug, title: 'A page', body: 'Text' });
  await his.comments.create.mutate({ pageId, body: 'Well said' });
  await until(
    async () => (await ann.notification.notifications.unreadCount.query()).count > 0,
    'Ann is told of the comment',
  );
  for (const { auth, wiki, notification } of [ann, ben])
    for (const client of [auth, wiki, notification]) await client[Symbol.asyncDispose]();
}

/** Revokes the old token, so that later calls must use the new one. */
async function revokeOld(): Promise<void> {
  const token = await mesh.identity.serviceToken('wiki');
  await using auth = connect(authContract, { as: 'wiki', url: mesh.url('auth'), token, log });
  await auth.serviceTokens.revoke.mutate({ tokenId: await idOf(old) });
  expect(await answerTo(old)).toBe('UNAUTHORIZED');
}

test('two processes that share a file put one successor into it, within seconds, and go on calling', async () => {
  const file = await tokenFile();
  const wikis = await Promise.all([
    startWiki({ SERVICE_TOKEN_FILE: file }),
    startWiki({ SERVICE_TOKEN_FILE: file }),
  ]);
  await Promise.all(wikis.map(ready));
  // Calls are made while tokens are exchanged.
  await Promise.all([...wikis.map(renewed), ...wikis.map(hasCommentsDelivered)]);
  for (const wiki of wikis) expect(renewedAfterMs(wiki)).toBeLessThan(15_000);
  const next = await inFile(file);
  expect(await successorsOf(old)).toEqual([await idOf(next)]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect([await answerTo(old), await answerTo(next)]).toEqual(['OK', 'OK']);
  await revokeOld();
  await Promise.all(wikis.map(hasCommentsDelivered));
  for (const wiki of wikis) expect(wiki.process.output()).not.toContain('UNAUTHORIZED');
});

test('one that has its token from a variable keeps the successor in memory, and says so', async () => {
  const wiki = await startWiki({ SERVICE_TOKEN: old });
  await ready(wiki);
  await renewed(wiki);
  expect(wiki.said()).toContain('the new token is in memory only, because the old one came from a variable');
  expect(await successorsOf(old)).toHaveLength(1);
  // Another start uses the old token, and gets the same successor.
  await renewed(await startWiki({ SERVICE_TOKEN: old }));
  expect(await successorsOf(old)).toHaveLength(1);
  await revokeOld();
  await hasCommentsDelivered(wiki);
});

test('one that is killed in the middle of it comes to the same successor', async () => {
  const file = await tokenFile();
  const wiki = await startWiki({ SERVICE_TOKEN_FILE: file });
  // Auth has created it; within milliseconds the wiki gets it and writes the file.
  while ((await successorsOf(old)).length === 0) await delay(2);
  wiki.process.signal('SIGKILL');
  await wiki.process.ended;
  // As if it had been killed before it wrote the file.
  const found = await inFile(file);
  await writeFile(file, `${old}\n`);
  const [made] = await successorsOf(old);
  expect([await idOf(old), made]).toContain(await idOf(found));

  const again = await startWiki({ SERVICE_TOKEN_FILE: file });
  await until(async () => (await inFile(file)) !== old, 'the successor is in the file');
  expect(await idOf(await inFile(file))).toBe(made);
  expect(await successorsOf(old)).toEqual([made]);
  await ready(again);
});

/** Makes a folder read-only, even for root. @returns Whether that was possible. */
async function seal(path: string): Promise<boolean> {
  if (process.getuid?.() !== 0) {
    await chmod(path, 0o500);
    cleanups.push(() => chmod(path, 0o700));
    return true;
  }
  try {
    execFileSync('mount', ['--bind', path, path], { stdio: 'ignore' });
    cleanups.push(() => execFileSync('umount', [path]));
    execFileSync('mount', ['-o', 'remount,bind,ro', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('one that cannot write its file calls with the successor from memory, and says so', async ({ skip }) => {
  const sealed = await mkdtemp(join(folder, 'sealed-'));
  const file = join(sealed, 'SERVICE_TOKEN');
  await writeFile(file, `${old}\n`, { mode: 0o600 });
  if (!(await seal(sealed))) skip('nothing may be mounted here');
  const wiki = await startWiki({ SERVICE_TOKEN_FILE: file });
  await ready(wiki);
  await renewed(wiki);
  expect(wiki.said()).toContain('the new token could not be written to its file and is in memory only');
  expect(await inFile(file)).toBe(old);
  expect(await successorsOf(old)).toHaveLength(1);
  await revokeOld();
  await hasCommentsDelivered(wiki);
});
