import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { root } from '../../workspace.ts';
import { readContracts } from './read-contracts.ts';
import { readFileSnapshots, readUrl } from './read-snapshots.ts';
import { readWaivers } from './read-waivers.ts';

// Runs the command as a user would, on a repository with the contracts of this one.

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'contract-check-test-')));
const repository = join(folder, 'repository');
const contracts = join(repository, 'contracts');
const { PATH, NODE_COMPILE_CACHE, NODE_COMPILE_CACHE_PORTABLE } = process.env;

function git(...args: string[]): string {
  const identity = [
    '-c',
    'user.name=Test',
    '-c',
    'user.email=test@example.com',
    '-c',
    'commit.gpgsign=false',
  ];
  return execFileSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8', stdio: 'pipe' });
}

function commit(message: string): void {
  git('add', 'contracts', 'mesh');
  git('commit', '--quiet', '--message', message);
}

beforeAll(() => {
  const isSource = (path: string) => !path.includes('node_modules') && !path.endsWith('.test.ts');
  for (const name of ['contracts', 'mesh/src/contract', 'mesh/src/wire', 'mesh/package.json'])
    cpSync(join(root, name), join(repository, name), { recursive: true, filter: isSource });
  symlinkSync(join(root, 'node_modules'), join(repository, 'node_modules'));
  git('init', '--quiet', '--initial-branch=main');
  commit('First');
  git('commit', '--quiet', '--allow-empty', '--message', 'Second');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  git('checkout', '--quiet', '--force', 'main');
});

type Outcome = { code: number; out: string; err: string };

/** This command alone: most of the time of a process goes into loading all of them. */
const program = `
  const { contractCheck } = await import(${JSON.stringify(join(root, 'cli/src/commands/contract-check.ts'))});
  const { Command } = await import('commander');
  await contractCheck(new Command()).parseAsync(process.argv.slice(2), { from: 'user' });
`;

function check(...words: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', program, 'check', '--contracts', contracts, ...words],
      { cwd: repository, env: { PATH, NODE_COMPILE_CACHE, NODE_COMPILE_CACHE_PORTABLE } },
      (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err });
      },
    );
  });
}

function edit(file: string, from: string, to: string): void {
  const path = join(contracts, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

/** On a branch: an answer without `truncated`, and a shorter time-out. */
function plantBreak(branch: string): void {
  git('checkout', '--quiet', '-b', branch);
  edit('src/wiki/contract.ts', ', truncated: z.boolean() })', ' })');
  edit('src/wiki/contract.ts', 'savingTimeoutMs = 15_000', 'savingTimeoutMs = 10_000');
  commit('Breaks');
}

test('without an edit, nothing is found, on main', async () => {
  expect(await check()).toMatchObject({ code: 0, out: expect.stringContaining('No contract differs') });
});

test('a planted break fails with its rule, its place and the remedy', async () => {
  plantBreak('planted');
  const { code, out } = await check();
  expect(code).toBe(1);
  expect(out).toContain(
    'breaking: wiki.pages.tree output.truncated: a required property was removed [property-removed-required]\n' +
      '  Keep the property until no client reads it: make it optional first.',
  );
  expect(out).toContain('risky: wiki.pages.create: the time-out was cut (15000 ms → 10000 ms) [timeout-cut]');
  expect(out).toMatch(/Compared with \w{12}: 1 breaking, 4 risky, 0 safe\.\n$/);
  const github = await check('--format', 'github');
  expect(github.code).toBe(1);
  expect(github.out).toContain(
    '::error file=contracts/src/wiki/index.ts,title=property-removed-required::wiki.pages.tree output.truncated: ',
  );
});

test('a waiver lets a break pass; one that has expired, or covers nothing, is an error', async () => {
  plantBreak('waived');
  const waiver = {
    rule: 'property-removed-required',
    procedure: 'wiki.pages.tree',
    reason: 'No client has ever read it.',
    until: '2999-12-31',
  };
  const file = join(folder, 'waivers.json');
  const useless = { ...waiver, procedure: 'wiki.pages.list' };
  const expired = { ...waiver, rule: 'timeout-cut', procedure: 'wiki.pages.move', until: '2020-01-31' };
  writeFileSync(file, JSON.stringify([waiver, useless, expired]));
  const { code, out } = await check('--waivers', file);
  expect(code).toBe(1);
  expect(out).toContain('waived until 2999-12-31: No client has ever read it.');
  expect(out).toContain('0 breaking, 4 risky, 0 safe, 1 waived');
  expect(out).toContain(
    'error: The waiver of property-removed-required for wiki.pages.list covers no edit any more: remove it',
  );
  expect(out).toContain('error: The waiver of timeout-cut for wiki.pages.move expired on 2020-01-31');
  writeFileSync(file, JSON.stringify([{ ...waiver, rule: 'no-such-rule' }]));
  expect(() => readWaivers(file)).toThrow(/waivers.json is not valid: 0.rule/);
});

test('a running service is compared with, and a file of what it answers', async () => {
  const { snapshots } = await readContracts(contracts);
  const text = JSON.stringify(snapshots.find(({ name }) => name === 'wiki'));
  const file = join(folder, 'wiki.json');
  writeFileSync(file, text);
  expect(await readFileSnapshots(file)).toEqual([JSON.parse(text)]);
  plantBreak('service');
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/api/contract' ? 200 : 404;
    response.end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, out } = await check('--against', url, '--json');
  server.close();
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    against: url,
    counts: { breaking: 1, risky: 4 },
    findings: [{ rule: 'property-removed-required', place: 'output.truncated' }, {}, {}, {}, {}],
    problems: [],
  });
});

test('the contracts of a ref are read with the mesh of that ref', async () => {
  git('checkout', '--quiet', '-b', 'old-mesh');
  const index = join(repository, 'mesh/src/contract/index.ts');
  writeFileSync(
    index,
    `${readFileSync(index, 'utf8')}\nexport { query as oldQuery } from './procedure.ts';\n`,
  );
  edit('src/wiki/contract.ts', 'mutation, query, user }', 'mutation, oldQuery as query, user }');
  commit('A name that the present mesh does not have');
  git('checkout', '--quiet', 'main');
  expect(await check('--against', 'old-mesh')).toMatchObject({ code: 0 });
});

test('what cannot be compared is exit code 2, with one sentence', async () => {
  const { code, out, err } = await check('--against', 'no-such-ref');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/^There is no no-such-ref in this repository\. Run "git fetch".*\n$/);
  await expect(readFileSnapshots('none.json')).rejects.toThrow(/^none.json cannot be read: ENOENT/);
  const nowhere = readUrl('http://127.0.0.1:9', () => Promise.resolve(''));
  await expect(nowhere).rejects.toThrow(/^http:\/\/127.0.0.1:9\/api\/contract cannot be reached/);
});

test('a shallow clone says so', async () => {
  const clone = join(folder, 'clone');
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${repository}`, clone], { stdio: 'pipe' });
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  const { code, err } = await check('--contracts', join(clone, 'contracts'));
  expect(code).toBe(2);
  expect(err).toMatch(/^This is a shallow clone, and HEAD~1 is not in it\. Run "git fetch --unshallow"/);
});
