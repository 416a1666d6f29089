import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { recordingLogger } from '../testing/index.ts';
import { SettingFile } from './setting-file.ts';

/** Waits for longer than by default: the machine may be busy. */
const waitFor = <Result>(condition: () => Result | Promise<Result>) =>
  vi.waitFor(condition, { timeout: 20_000 });

const everyMs = 20;
const schema = z.string().regex(/^secret/, 'must begin with "secret"');

let folder: string;
let file: string;
let log: ReturnType<typeof recordingLogger>;
let used: string[];
let followed: SettingFile<string> | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'arcadium-setting-'));
  file = join(folder, 'token');
  log = recordingLogger();
  used = [];
});
afterEach(async () => {
  await followed?.stop();
  rmSync(folder, { recursive: true });
});

function follow(use: (value: string) => void | Promise<void> = (value) => void used.push(value)): void {
  followed = new SettingFile({ setting: 'TOKEN', file, schema, value: 'secret 1', use, log, everyMs });
  followed.start();
}

const inForce = (value: string) => waitFor(() => expect(used.at(-1)).toBe(value));

/** Mounts a version of the secret as the kubelet does: `token` → `..data/token`, `..data` → a folder with a time. */
function mount(version: string): void {
  const data = `..${version.replaceAll(' ', '_')}`;
  mkdirSync(join(folder, data));
  writeFileSync(join(folder, data, 'token'), version);
  symlinkSync(data, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}

test('a secret that Kubernetes mounts is followed, by the link that it moves', async () => {
  mount('secret 1');
  symlinkSync('..data/token', file);
  follow();
  for (const version of ['secret 2', 'secret 3']) {
    mount(version);
    await inForce(version);
  }
  expect(used).toEqual(['secret 2', 'secret 3']);
});

test('a file is followed that is renamed into place, and one that is written in place', async () => {
  writeFileSync(file, 'secret 1\n');
  follow();
  writeFileSync(`${file}.new`, 'secret 2\n');
  renameSync(`${file}.new`, file);
  await inForce('secret 2');
  writeFileSync(file, 'secret 3\n');
  await inForce('secret 3');
  const changes = log.lines.filter(({ level }) => level === 'info');
  expect(changes).toHaveLength(2);
  expect(JSON.stringify(log.lines)).not.toContain('secret');
});

test('what cannot be used is logged once, without its content, and the value in force stays', async () => {
  writeFileSync(file, 'secret 1');
  follow();
  for (const [content, reason] of [
    ['passw0rd', 'must begin with "secret"'],
    ['', 'it is empty'],
    [undefined, 'it cannot be read (ENOENT)'],
  ] as const) {
    if (content === undefined) rmSync(file);
    else writeFileSync(file, content);
    await waitFor(() => expect(log.lines.at(-1)?.fields['reason']).toBe(reason));
  }
  const told = log.lines.length;
  for (let checks = 0; checks < 5; checks += 1) await followed?.check();
  expect(log.lines).toHaveLength(told);
  expect(JSON.stringify(log.lines)).not.toContain('passw0rd');
  expect(used).toEqual([]);
  writeFileSync(file, 'secret 2');
  await inForce('secret 2');
});

test('a value that cannot be put in force yet is tried again', async () => {
  writeFileSync(file, 'secret 2');
  let accepts = false;
  follow((value) => {
    if (!accepts) throw new Error('not yet');
    used.push(value);
  });
  await waitFor(() => expect(log.lines.at(-1)?.fields['reason']).toBe('not yet'));
  accepts = true;
  await inForce('secret 2');
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
});
