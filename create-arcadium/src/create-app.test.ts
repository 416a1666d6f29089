import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appTemplate, createApp } from './create-app.ts';
import { CreateError } from './create-error.ts';
import { readTemplate } from './template.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'create-arcadium-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
type Manifest = { name: string; version: string } & Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>;
const repository = join(appTemplate, '../..');

test('an app has its own name everywhere, and needs the packages of the same release', () => {
  const app = createApp({ folder: join(folder, 'corner-shop') });
  expect(app.name).toBe('corner-shop');
  const text = app.files.map((file) => readFileSync(join(app.folder, file), 'utf8')).join('\n');
  expect(text).not.toMatch(/my-app|region:/);
  expect(text).toContain("issuer = 'corner-shop'");
  const { name, dependencies } = readJson(join(app.folder, 'package.json'));
  const { version } = readJson(join(appTemplate, '../package.json'));
  expect([name, dependencies['@arcadium/mesh'], dependencies['@arcadium/postgres']]).toEqual([
    'corner-shop',
    version,
    version,
  ]);
  expect(readdirSync(app.folder)).toEqual(expect.arrayContaining(['.gitignore', '.dockerignore']));
});

test('a name may differ from that of the folder, whose parents are created', () => {
  const app = createApp({ folder: join(folder, 'Own Projects', 'My Shop'), name: 'my-shop' });
  expect(app.name).toBe('my-shop');
  expect(existsSync(join(folder, 'Own Projects', 'My Shop', 'package.json'))).toBe(true);
});

test('a folder with anything but version control and an editor is not touched', () => {
  const used = join(folder, 'used');
  mkdirSync(join(used, '.git'), { recursive: true });
  writeFileSync(join(used, 'notes.txt'), 'mine');
  const failure = {
    name: 'CreateError',
    code: 'FOLDER_NOT_EMPTY',
    message: expect.stringContaining('notes.txt'),
  };
  expect(() => createApp({ folder: used })).toThrow(expect.objectContaining(failure));
  expect(readdirSync(used)).toEqual(['.git', 'notes.txt']);
  rmSync(join(used, 'notes.txt'));
  expect(createApp({ folder: used }).files).toContain('README.md');
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => createApp({ folder: file })).toThrow(expect.objectContaining({ code: 'NOT_A_FOLDER' }));
});

test.each([
  ['My Shop', 'my-shop'],
  ['../up', 'up'],
  ['-x', 'x'],
  ['Größe', 'gro-e'],
  ['.hidden', 'hidden'],
  ['con', undefined],
  ['fs', undefined],
  ['node_modules', undefined],
  ['', undefined],
  ['日本', undefined],
  ['x'.repeat(215), 'x'.repeat(214)],
])('%j is not a name of an app; near to it is %j', (name, near) => {
  let failure: unknown;
  try {
    createApp({ folder: join(folder, 'never'), name });
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(CreateError);
  expect(failure).toMatchObject({ code: 'NAME_INVALID' });
  expect(/Try "(.*?)"/.exec((failure as CreateError).message)?.[1]).toBe(near);
  expect(existsSync(join(folder, 'never'))).toBe(false);
});

test('what a run of the template leaves is not part of an app', () => {
  const files = [...readTemplate(appTemplate, { replace: {} }).keys()];
  expect(
    files.filter((path) => /(^|\/)(\.env|\.data|node_modules|package-lock\.json)(\/|$)/.test(path)),
  ).toEqual([]);
});

test('the template uses the versions that this repository is tested with', () => {
  const of = (path: string) => readJson(join(repository, path, 'package.json'));
  const [app, mesh, postgres, root] = [
    readJson(join(appTemplate, 'package.json')),
    of('mesh'),
    of('postgres'),
    of('.'),
  ];
  const known: Record<string, string> = { '@arcadium/postgres': postgres.version };
  for (const { dependencies, devDependencies } of [root, mesh, postgres])
    Object.assign(known, devDependencies, dependencies);
  // The types of the oldest Node that it runs on.
  const { '@types/node': _, ...versions } = { ...app.dependencies, ...app.devDependencies };
  expect(versions).toEqual(Object.fromEntries(Object.keys(versions).map((name) => [name, known[name]])));
});

/** `npm create arcadium` with these arguments, without a terminal. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = join(appTemplate, '../src/main.ts');
  const env = { ...process.env, NODE_NO_WARNINGS: '1' };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args], {
      cwd: folder,
      env,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

test('the command says what to do next, and never waits where nobody can answer', async () => {
  const created = await run('by-command');
  expect(created).toMatchObject({ code: 0, stderr: '' });
  expect(created.stdout).toMatch(
    /Created by-command in .*by-command[^]*cd by-command\n {2}npm install\n {2}npm run dev/,
  );
  expect(await run()).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('Name the folder'),
  });
  expect(await run('--yes')).toMatchObject({ code: 0, stdout: expect.stringContaining('Created my-app') });
  expect(await run('by-command')).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') });
  expect(await run('--nam', 'x')).toMatchObject({ code: 1, stderr: expect.stringContaining('Usage:') });
});
