import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../config/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../../testing/index.ts';
import { openServiceToken } from '../index.ts';

const folder = mkdtempSync(join(tmpdir(), 'arcadium-token-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

let identity: TestIdentity;
/** Each expires a minute after the one before. */
let first: string;
let second: string;
let third: string;
beforeAll(async () => {
  identity = await createTestIdentity();
  [first, second, third] = await Promise.all([
    identity.serviceToken('wiki', minutesAgo(3)),
    identity.serviceToken('wiki', minutesAgo(2)),
    identity.serviceToken('wiki', minutesAgo(1)),
  ]);
});

let log: ReturnType<typeof recordingLogger>;
beforeEach(() => {
  log = recordingLogger();
});

function fileWith(content: string, mode = 0o600): string {
  const path = join(mkdtempSync(join(folder, 'file-')), 'SERVICE_TOKEN');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const contentOf = (file: string) => readFileSync(file, 'utf8').trim();
const openFile = (file: string) => openServiceToken({ token: contentOf(file), file, log });

test.each(['', 'token', 'a.b.c'])('%j is no service token', (token) => {
  expect(() => openServiceToken({ token, log })).toThrow(ConfigError);
});

test('its file is written whole, with the permissions that it had, and nothing else is left there', async () => {
  const file = fileWith(first, 0o640);
  const token = openFile(file);
  await token.replace(second);
  expect([token.current, contentOf(file), token.stored.token]).toEqual([second, second, second]);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(dirname(file))).toEqual(['SERVICE_TOKEN']);
  expect(log.lines).toEqual([]);
});

test('where the path is a link, what it leads to is written', async () => {
  const file = fileWith(first);
  const link = join(dirname(file), 'link');
  symlinkSync(file, link);
  await openFile(link).replace(second);
  expect(contentOf(file)).toBe(second);
  expect(contentOf(link)).toBe(second);
});

test('one from a variable is in memory, which is said once', async () => {
  const token = openServiceToken({ token: first, log });
  await token.replace(second);
  await token.replace(third);
  expect([token.current, token.stored.token, await token.reread()]).toEqual([third, first, false]);
  expect(log.lines).toMatchObject([
    { level: 'info', message: expect.stringContaining('SERVICE_TOKEN_FILE') },
  ]);
});

test('what another process has put there is used', async () => {
  const file = fileWith(first);
  const [one, other] = [openFile(file), openFile(file)];
  await one.replace(second);
  expect(await other.reread()).toBe(true);
  expect([other.current, await other.reread()]).toEqual([second, false]);
});

test.each<[string, () => Promise<string> | string]>([
  ['empty', () => ''],
  ['broken', () => second.slice(0, 300)],
  ['of another service', () => identity.serviceToken('notification')],
  ['worse', () => first],
])('a file that is %s is ignored, with one line', async (_what, content) => {
  const file = fileWith(second);
  const token = openFile(file);
  const text = await content();
  writeFileSync(file, text);
  for (let time = 0; time < 5; time += 1) expect(await token.reread()).toBe(false);
  expect(token.current).toBe(second);
  expect(contentOf(file)).toBe(text);
  expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('ignored') }]);
});

test('a file that is gone is ignored, and made again with the next token', async () => {
  const file = fileWith(first);
  const token = openFile(file);
  rmSync(file);
  expect(await token.reread()).toBe(false);
  await token.replace(second);
  expect(contentOf(file)).toBe(second);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('the token of another service is not overwritten', async () => {
  const file = fileWith(first);
  const token = openFile(file);
  const theirs = await identity.serviceToken('notification');
  writeFileSync(file, theirs);
  await token.replace(second);
  expect([token.current, contentOf(file)]).toEqual([second, theirs]);
  expect(log.lines.at(-1)).toMatchObject({ fields: { reason: 'it holds the token of another service' } });
});

test('a better one that was written in the meantime is not overwritten, but used', async () => {
  const file = fileWith(first);
  const token = openFile(file);
  writeFileSync(file, third);
  await token.replace(second);
  expect([token.current, contentOf(file)]).toEqual([third, third]);
});

test('many that write at once leave one whole token, and readers never see less', async () => {
  const file = fileWith(first);
  const replicas = Array.from({ length: 20 }, () => openFile(file));
  const seen = new Set<string>();
  const writing = new AbortController();
  const reading = (async () => {
    while (!writing.signal.aborted) {
      seen.add(contentOf(file));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await Promise.all(replicas.map((replica, index) => replica.replace(index % 2 === 0 ? second : third)));
  writing.abort();
  await reading;
  for (const text of seen) expect([first, second, third]).toContain(text);
  await Promise.all(replicas.map((replica) => replica.reread()));
  expect(readdirSync(dirname(file))).toEqual(['SERVICE_TOKEN']);
  // A process with a newer token keeps it.
  for (const [index, { current }] of replicas.entries())
    expect(index % 2 === 0 ? [second, third] : [third]).toContain(current);
});

/** Runs as an unprivileged user if this process is root's. */
async function asNobody<Result>(run: () => Promise<Result>): Promise<Result> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

test('in a folder that cannot be written to, it is in memory, and one warning says until when a restart works', async () => {
  const file = fileWith(first, 0o644);
  chmodSync(dirname(file), 0o555);
  const token = openFile(file);
  await asNobody(async () => {
    await token.replace(second);
    for (let time = 0; time < 3; time += 1) await token.reread();
  });
  expect([token.current, token.stored.token, contentOf(file)]).toEqual([second, first, first]);
  expect(log.lines).toMatchObject([
    {
      level: 'warn',
      fields: { reason: 'EACCES', restart_good_until: new Date(token.stored.expiresAt).toISOString() },
    },
  ]);
  // It is written as soon as that is possible.
  chmodSync(dirname(file), 0o755);
  await token.reread();
  expect([contentOf(file), token.stored.token]).toEqual([second, second]);
});

/** Mounts a file system of one page, if this machine allows it. */
function mountTiny(path: string): boolean {
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const tiny = join(folder, 'tiny');
const mounted = mountTiny(tiny);
afterAll(() => {
  if (mounted) execFileSync('umount', [tiny]);
});

test.skipIf(!mounted)(
  'on a disk that is full, the old file stays whole, and nothing is left there',
  async () => {
    const file = join(tiny, 'SERVICE_TOKEN');
    writeFileSync(file, first);
    const token = openFile(file);
    await token.replace(second);
    expect([token.current, contentOf(file)]).toEqual([second, first]);
    expect(readdirSync(tiny)).toEqual(['SERVICE_TOKEN']);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { reason: 'ENOSPC' } }]);
  },
);
