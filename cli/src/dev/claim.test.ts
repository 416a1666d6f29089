import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Claim } from './claim.ts';
import { birthOf } from './birth.ts';

let root: string;
let said: string[];
let children: ChildProcess[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-claim-'));
  mkdirSync(join(root, '.data'));
  said = [];
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

const take = () => Claim.take(root, (line) => said.push(line));

/** A process that runs until it is signalled, and takes a moment to end. */
async function startSleeper(): Promise<{ child: ChildProcess; pid: number }> {
  const script =
    "process.on('SIGINT', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up')";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  if (child.stdout) await once(child.stdout, 'data');
  return { child, pid: child.pid ?? 0 };
}

/** Writes the record of a run that was killed. */
function leave(processes: readonly { name: string; pid: number; born: string }[]): void {
  const record = { pid: 999_999_999, since: new Date().toISOString(), urls: [], processes };
  writeFileSync(join(root, '.data/dev.json'), JSON.stringify(record));
}

test('one process has it; another one hears where the mesh runs, until it is over', async () => {
  const claim = await take();
  await expect(take()).rejects.toThrow('being started by another "npm run dev"');
  claim.at(['http://localhost:8000', 'http://localhost:5000']);
  await expect(take()).rejects.toThrow(
    `The mesh is already running: http://localhost:8000, http://localhost:5000 (process ${process.pid}, since `,
  );
  claim.release();
  (await take()).release();
  expect(said).toEqual([]);
});

test('what is left of a run that was killed is named and ended', async () => {
  const { child, pid } = await startSleeper();
  leave([{ name: 'wiki', pid, born: birthOf(pid) ?? '' }]);
  const ended = once(child, 'exit');
  const claim = await take();
  expect(said).toEqual([`wiki (process ${pid}) is left over from a run that was killed; stopping it`]);
  expect(await ended).toEqual([7, null]);
  claim.release();
});

test('a process that only has the number of one of ours is left alone', async () => {
  const { child, pid } = await startSleeper();
  leave([{ name: 'wiki', pid, born: 'another time' }]);
  (await take()).release();
  expect(said).toEqual([]);
  expect(child.exitCode).toBeNull();
});

test('writes down what runs, and ignores a record that cannot be read', async () => {
  writeFileSync(join(root, '.data/dev.json'), '{"pid":');
  const claim = await take();
  const record = () => JSON.parse(readFileSync(join(root, '.data/dev.json'), 'utf8'));
  const { pid } = await startSleeper();
  claim.started('wiki', pid);
  expect(record().processes).toEqual([{ name: 'wiki', pid, born: birthOf(pid) }]);
  claim.ended(pid);
  expect(record().processes).toEqual([]);
  rmSync(join(root, '.data'), { recursive: true });
  claim.started('wiki', pid);
  claim.release();
  expect(() => record()).toThrow('ENOENT');
});
