import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  contractFromSnapshot,
  contractHash,
  describeContract,
  takeSnapshot,
  entriesOf,
} from '@arcadium/mesh/contract';
import { compareContracts } from '@arcadium/mesh/contract-check';
import { Command } from 'commander';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ShopSuite } from '../../../../mesh/src/testing/shop-suite.ts';
import { root } from '../../workspace.ts';
import { contractPublish } from '../../commands/contract-publish.ts';
import { contractPull } from '../../commands/contract-pull.ts';
import { readContracts } from '../check/read-contracts.ts';
import { writeContract } from './write-contract.ts';

// In a folder outside of the repository, as another team has it.

const suite = new ShopSuite();
const run = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'contract-pull-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const pull = (...words: string[]) =>
  contractPull(new Command()).parseAsync([...words, '--out', folder], { from: 'user' });

/** What the compiler says; empty if nothing. */
async function compile(...files: string[]): Promise<string> {
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--skipLibCheck',
    '--target',
    'es2024',
  ];
  const modules = [
    '--module',
    'nodenext',
    '--allowImportingTsExtensions',
    '--erasableSyntaxOnly',
    '--types',
    'node',
  ];
  try {
    await run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), ...options, ...modules, ...files],
      {
        cwd: folder,
      },
    );
    return '';
  } catch (error) {
    // Not of the mesh, which a package brings as declarations.
    const lines = (error as { stdout: string }).stdout.split('\n');
    return lines.filter((line) => /^[\w-]+\.ts\(/.test(line)).join('\n');
  }
}

const caller = `
import { connect } from '@arcadium/mesh/client';
import { shopContract } from './shop-contract.ts';
await using client = connect(shopContract, { as: 'anyone', url: process.argv[2] ?? '', retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } });
const { name } = await client.items.get.query({ id: 7 });
const text: string = name;
const wrong = await client.items.get.query({ id: 0 }).catch((error) => error.data.code);
const missing = await client.items.get.query({ id: 700 }).catch((error) => error.data.error);
console.log(JSON.stringify([text, wrong, missing]));
// @ts-expect-error -- the input is typed
export const never = () => client.items.get.query({ id: 'seven' });
// @ts-expect-error -- and so are callers: this one is for the service till
export const neither = () => client.stock.take.mutate();
`;

test('the contract of a running service is pulled, typed and called; after a break, the caller does not compile', async () => {
  const { url } = await suite.start({ contractAccess: 'open' });
  await pull(url);
  writeFileSync(join(folder, 'caller.ts'), caller);
  expect(await compile('caller.ts')).toBe('');
  const { stdout } = await run(process.execPath, ['caller.ts', url], { cwd: folder });
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual([
    'item 7',
    'BAD_REQUEST',
    { name: 'ITEM_NOT_FOUND', data: { id: 700 } },
  ]);

  const answer = await fetch(`${url}/api/contract`);
  const broken = (await answer.text())
    .replaceAll('"name":{"type":"string"}', '"title":{"type":"string"}')
    .replaceAll('["id","name"]', '["id","title"]');
  writeFileSync(join(folder, 'broken.json'), broken);
  await pull(join(folder, 'broken.json'));
  expect(await compile('caller.ts')).toMatch(
    /caller\.ts\(5,9\): error TS2339: Property 'name' does not exist/,
  );
});

test('all contracts of this repository compile, and are the same contracts to a service', async () => {
  const { snapshots } = await readContracts(join(root, 'contracts'));
  expect(snapshots.length).toBeGreaterThan(3);
  for (const snapshot of snapshots) {
    const [name, text] = writeContract(snapshot, 'test');
    writeFileSync(join(folder, name), text);
    const made = contractFromSnapshot(snapshot);
    expect(describeContract(made).hash).toBe(contractHash(snapshot));
    // What the schemas themselves say: a client with them reads all that the service answers.
    const own = takeSnapshot({ name: made.name, version: '', procedures: entriesOf(made) });
    const unread = compareContracts({ old: own, next: snapshot }).filter(
      ({ severity, direction }) => severity === 'breaking' && direction === 'output',
    );
    expect(unread).toEqual([]);
  }
  expect(await compile(...readdirSync(folder).filter((file) => file.endsWith('.ts')))).toBe('');
});

test('a published package has types and data, and its snapshot can be pulled', async () => {
  const out = join(folder, 'package');
  await contractPublish(new Command()).parseAsync(['wiki', '--out', out, '--release', '1.2.3'], {
    from: 'user',
  });
  expect(readdirSync(out).toSorted()).toEqual(['README.md', 'contract.json', 'index.d.ts', 'package.json']);
  const manifest = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({
    name: '@arcadium/wiki-contract',
    version: '1.2.3',
    types: './index.d.ts',
  });
  writeFileSync(
    join(folder, 'caller.ts'),
    `import { connect } from '@arcadium/mesh/client';
import { contractFromSnapshot, type ContractSnapshot } from '@arcadium/mesh/contract';
import snapshot from './package/contract.json' with { type: 'json' };
import type { WikiContract } from './package/index.d.ts';
const contract = contractFromSnapshot<WikiContract>(snapshot as unknown as ContractSnapshot);
const wiki = connect(contract, { as: 'anyone', url: 'http://localhost:5000' });
export const slug = async (): Promise<string> => (await wiki.pages.get.query({ slug: 'a' })).slug;
// @ts-expect-error -- a slug is a text
export const never = () => wiki.pages.get.query({ slug: 1 });
`,
  );
  expect(await compile('caller.ts')).toBe('');
  await pull(join(out, 'contract.json'));
  expect(existsSync(join(folder, 'wiki-contract.ts'))).toBe(true);
});

test('a snapshot that was changed, or is none, is refused, and nothing is written', async () => {
  const out = join(folder, 'package');
  await contractPublish(new Command()).parseAsync(['wiki', '--out', out], { from: 'user' });
  const file = join(out, 'contract.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"kind": "query"', '"kind": "mutation"'));
  await expect(pull(file)).rejects.toThrow(`${file} was changed: its hash is`);
  writeFileSync(file, '{"name":"wiki","procedures":7}');
  await expect(pull(file)).rejects.toThrow('is not the snapshot of a contract: procedures');
  await expect(pull(join(out, 'none.json'))).rejects.toThrow('cannot be read');
  const evil = { name: '../x', version: '', procedures: [] };
  writeFileSync(file, JSON.stringify(evil));
  await expect(pull(file)).rejects.toThrow('invalid name of a service: "../x"');
  expect(existsSync(join(folder, 'wiki-contract.ts'))).toBe(false);
  await expect(
    contractPublish(new Command()).parseAsync(['wkii', '--out', join(folder, 'b')], { from: 'user' }),
  ).rejects.toThrow('There is no contract "wkii"');
  expect(existsSync(join(folder, 'b'))).toBe(false);
});
