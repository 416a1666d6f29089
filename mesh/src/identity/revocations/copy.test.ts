import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { recordingLogger, RevocationList } from '../../testing/index.ts';
import { followRevocations, RevocationSet, type RevocationSource } from '../index.ts';
import { RevocationCopy } from './copy.ts';

let directory: string;
let log: ReturnType<typeof recordingLogger>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'arcadium-copy-'));
  log = recordingLogger();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const path = () => join(directory, 'revocations');
const soon = () => Date.now() + 15 * 60_000;

/** A copy of these ids. */
function copyOf(ids: readonly string[], position = ids.length, at = directory) {
  const held = { set: new RevocationSet(), position };
  held.set.add(ids.map((id) => ({ id, expiresAt: soon() })));
  return { held, copy: new RevocationCopy(at, held, log) };
}

async function load() {
  const loaded = await copyOf([]).copy.load();
  return loaded && { position: loaded.position, ids: [...loaded.set.entries()].map(({ id }) => id) };
}

const warnings = () => log.lines.filter(({ level }) => level === 'warn');

test('what was held is there at the next start, readable by its owner alone', async () => {
  const folder = join(directory, 'a/b');
  const { copy } = copyOf(['a', 'odd\n"id'], 7, folder);
  copy.changed();
  await copy.close();
  const next = await copyOf([], 0, folder).copy.load();
  expect(next).toMatchObject({ position: 7, savedAt: expect.stringMatching(/^\d{4}-/) });
  expect([next?.set.has('a'), next?.set.has('odd\n"id'), next?.set.size]).toEqual([true, true, 2]);
  expect((await stat(join(folder, 'revocations'))).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await readdir(folder)).toEqual(['revocations']);
  expect(log.lines).toEqual([]);
});

test('none is no fault', async () => {
  expect([await load(), log.lines]).toEqual([undefined, []]);
});

test('many changes are written together, soon, and once more where one came later', async () => {
  const { held, copy } = copyOf(['a']);
  copy.changed();
  await vi.waitFor(async () => expect(await load()).toMatchObject({ ids: ['a'] }));
  const first = await stat(path());
  const begin = performance.now();
  for (let n = 0; n < 1000; n += 1) {
    held.set.add([{ id: `id-${n}`, expiresAt: soon() }]);
    copy.changed();
  }
  await vi.waitFor(async () => expect((await load())?.ids).toHaveLength(1001));
  expect(performance.now() - begin).toBeGreaterThan(150);
  expect((await stat(path())).ino).not.toBe(first.ino);
  await copy.close();
});

test.each([
  ['is empty', '', undefined],
  ['is no JSON', '\0\0\0\0', undefined],
  ['is of another kind', '{"format":"something else"}\n', undefined],
  ['is cut short', (text: string) => text.slice(0, text.indexOf('"b"') + 1), ['a']],
  ['has no end', (text: string) => text.slice(0, text.lastIndexOf('{')), ['a', 'b', 'c']],
  ['has a line of nonsense', (text: string) => text.replace(/.*"b".*/, '[7]'), ['a', 'c']],
] as const)('one that %s is said to be broken; what can be read of it counts', async (_what, broken, ids) => {
  const { copy } = copyOf(['a', 'b', 'c'], 3);
  copy.changed();
  await copy.close();
  const text = await readFile(path(), 'utf8');
  await writeFile(path(), typeof broken === 'string' ? broken : broken(text));
  expect((await load())?.ids).toEqual(ids);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { path: path() } }]);
});

test('one that is a folder is said to be unreadable', async () => {
  await mkdir(path());
  expect(await load()).toBeUndefined();
  expect(warnings()).toHaveLength(1);
});

test('a place that cannot be written to is said once, however often it is tried, and when that is over', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  const { copy } = copyOf(['a'], 1, join(file, 'below'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    copy.changed();
    for (let n = 0; n < 5; n += 1) {
      await vi.advanceTimersByTimeAsync(5000);
      await vi.waitFor(() => expect(warnings()).toHaveLength(1));
    }
    await rm(file);
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(5000);
      expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    });
  } finally {
    vi.useRealTimers();
  }
  await copy.close();
});

test('what a process left that was killed while it wrote is removed after a while', async () => {
  const [old, young] = ['old', 'young'].map((name) => join(directory, `revocations.${name}.tmp`));
  for (const left of [old, young]) await writeFile(left ?? '', 'half');
  await utimes(old ?? '', 1, 1);
  const { copy } = copyOf(['a']);
  copy.changed();
  await copy.close();
  expect((await readdir(directory)).toSorted()).toEqual(['revocations', 'revocations.young.tmp']);
});

test('two processes that write at once leave a whole copy at each moment', async () => {
  const program = `
    import { RevocationCopy } from ${JSON.stringify(join(import.meta.dirname, 'copy.ts'))};
    import { RevocationSet } from ${JSON.stringify(join(import.meta.dirname, 'set.ts'))};
    const [directory, name] = process.argv.slice(1);
    const log = { warn: (fields) => { console.error(fields); process.exitCode = 1; } };
    const set = new RevocationSet();
    const expiresAt = Date.now() + 900_000;
    set.add(Array.from({ length: 30_000 }, (_, n) => ({ id: name + n, expiresAt })));
    for (let n = 0; n < 15; n += 1) {
      const copy = new RevocationCopy(directory, { set, position: n }, log);
      copy.changed();
      await copy.close();
    }
    process.exit();`;
  const processes = ['x', 'y'].map((name) =>
    spawn(process.execPath, ['--input-type=module-typescript', '-e', program, directory, name], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const ends = Promise.all(processes.map((one) => once(one, 'exit')));
  const over = new AbortController();
  void ends.then(() => over.abort());
  const seen: number[] = [];
  while (!over.signal.aborted) {
    const found = await load();
    if (found) seen.push(found.ids.length);
    await new Promise(setImmediate);
  }
  expect(await ends).toEqual([
    [0, null],
    [0, null],
  ]);
  expect([new Set(seen), log.lines]).toEqual([new Set([30_000]), []]);
  expect(await readdir(directory)).toEqual(['revocations']);
});

test('a feed that starts without its source has what the one before it held', async () => {
  const list = new RevocationList();
  list.revoke('a');
  list.revoke('b');
  const follow = (source: RevocationSource) =>
    followRevocations({ source, from: 'auth', stateDir: directory, log });
  const first = await follow(list);
  await first.loaded();
  list.revoke('c');
  await first.stop();

  list.watches = 'fails';
  list.lists = 'fails';
  const second = await follow(list);
  await second.loaded();
  expect(['a', 'b', 'c', 'd'].map((id) => second.set.has(id))).toEqual([true, true, true, false]);
  expect(second.status()).toMatchObject({ state: 'stale', position: 3, confirmedMsAgo: undefined });
  expect(warnings().at(-1)?.message).toContain('starting with the local copy');

  // When the source is back, its list replaces the copy.
  list.startAnew();
  list.revoke('b');
  list.lists = 'answers';
  await vi.waitFor(
    () => expect(second.status()).toMatchObject({ state: 'polling', size: 1, position: 1 }),
    3000,
  );
  expect(second.set.has('b')).toBe(true);
  await second.stop();
  expect(await load()).toEqual({ position: 1, ids: ['b'] });
});

test('a place that cannot be written to keeps no one from starting', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  const list = new RevocationList();
  list.revoke('a');
  const feed = await followRevocations({ source: list, from: 'auth', stateDir: join(file, 'below'), log });
  await feed.loaded();
  expect(feed.set.has('a')).toBe(true);
  await feed.stop();
  expect(new Set(warnings().map(({ message }) => message))).toEqual(
    new Set([
      'a local copy cannot be read in full; its damaged parts are ignored',
      'a local copy cannot be written; the next start uses an older one',
    ]),
  );
});
