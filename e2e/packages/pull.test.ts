import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ShopSuite } from '../../mesh/src/testing/shop-suite.ts';
import { startMesh } from '../src/mesh.ts';
import { program, root, tools } from './program.ts';

const suite = new ShopSuite();
/** Beside the packages that were installed from their tarballs. */
const folder = join(inject('outside').examples, 'pulled');
const compilers = [
  join(tools, 'node_modules/typescript/bin/tsc'),
  join(root, 'node_modules/typescript/bin/tsc'),
];

const compilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  module: 'nodenext',
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
};

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pull = (source: string, env: Readonly<Record<string, string>> = {}) =>
  program(
    ['--disable-warning=ExperimentalWarning', 'cli/src/mesh.ts', 'contract', 'pull', source, '--out', folder],
    { cwd: root, env },
  );

/** Writes a program that uses a pulled contract. */
async function write(file: string, text: string): Promise<void> {
  await writeFile(join(folder, file), text);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
}

const compile = (tsc: string) => program([tsc, '-p', '.'], { cwd: folder });

/** Pulls a contract where the answers have another property instead of one. */
async function pullWithout(property: string, contract: string): Promise<void> {
  const broken = contract.replaceAll(`"${property}":{"type":"string"}`, '"other":{"type":"string"}');
  expect(broken).not.toBe(contract);
  await writeFile(join(folder, 'broken.json'), broken);
  await pull(join(folder, 'broken.json'));
}

test('the contract of a running service is pulled, typed and called; after a break, the caller does not compile', async () => {
  const { url } = await suite.start({ contractAccess: 'open' });
  await pull(url);
  await write(
    'shop.ts',
    `
import { connect } from '@arcadium/mesh/client';
import { shopContract } from './shop-contract.ts';
await using client = connect(shopContract, { as: 'anyone', url: process.argv[2] ?? '' });
const { name } = await client.items.get.query({ id: 7 });
const text: string = name;
console.log(text);
// @ts-expect-error -- the input is typed
export const never = () => client.items.get.query({ id: 'seven' });
`,
  );
  for (const tsc of compilers) await compile(tsc);
  expect(await program(['shop.ts', url], { cwd: folder })).toMatch(/^item 7$/m);

  await pullWithout('name', await (await fetch(`${url}/api/contract`)).text());
  for (const tsc of compilers)
    await expect(compile(tsc)).rejects.toThrow("Property 'name' does not exist on type");
});

test('so is that of the wiki, which tells it to administrators and services', async () => {
  const administrator = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: randomUUID() };
  await using mesh = await startMesh(administrator);
  const url = mesh.url('wiki');
  await expect(pull(url, { ENVIRONMENT: 'e2e', AUTH_SERVICE_URL: mesh.url('auth') })).rejects.toThrow(
    'asks for an administrator',
  );
  await pull(url, { ENVIRONMENT: 'e2e', AUTH_SERVICE_URL: mesh.url('auth'), ...administrator });
  await write(
    'wiki.ts',
    `
import { connect } from '@arcadium/mesh/client';
import { wikiContract } from './wiki-contract.ts';
const [, , url = '', token = ''] = process.argv;
await using client = connect(wikiContract, { as: 'user', url, token });
const { slug } = await client.pages.create.mutate({ slug: 'outside', title: 'From outside', body: 'A page.' });
const { title, revision } = await client.pages.get.query({ slug });
const text: string = title;
const number: number = revision;
console.log(text, number);
// @ts-expect-error -- the input is typed
export const never = () => client.pages.get.query({ slug: 7 });
// @ts-expect-error -- only administrators may call it
export const denied = () => client.outbox.list.query({});
`,
  );
  for (const tsc of compilers) await compile(tsc);
  const token = await mesh.identity.userToken();
  expect(await program(['wiki.ts', url, token], { cwd: folder })).toMatch(/^From outside 1$/m);

  const authorization = `Service-Token ${await mesh.identity.serviceToken('auth')}`;
  const answer = await fetch(`${url}/api/contract`, { headers: { authorization } });
  await pullWithout('title', await answer.text());
  for (const tsc of compilers)
    await expect(compile(tsc)).rejects.toThrow("Property 'title' does not exist on type");
});
