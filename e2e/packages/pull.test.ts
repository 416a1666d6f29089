import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ShopSuite } from '../../mesh/src/testing/shop-suite.ts';
import { program, root, tools } from './program.ts';

const suite = new ShopSuite();
/** Beside the packages that were installed from their tarballs. */
const folder = join(inject('outside').examples, 'pulled');
const compilers = [
  join(tools, 'node_modules/typescript/bin/tsc'),
  join(root, 'node_modules/typescript/bin/tsc'),
];

beforeAll(() => mkdir(folder, { recursive: true }));
afterAll(() => rm(folder, { recursive: true, force: true }));

const pull = (source: string) =>
  program(
    ['--disable-warning=ExperimentalWarning', 'cli/src/mesh.ts', 'contract', 'pull', source, '--out', folder],
    {
      cwd: root,
    },
  );

const caller = `
import { connect } from '@arcadium/mesh/client';
import { shopContract } from './shop-contract.ts';
await using client = connect(shopContract, { as: 'anyone', url: process.argv[2] ?? '' });
const { name } = await client.items.get.query({ id: 7 });
const text: string = name;
console.log(text);
// @ts-expect-error -- the input is typed
export const never = () => client.items.get.query({ id: 'seven' });
`;

test('the contract of a running service is pulled, typed and called; after a break, the caller does not compile', async () => {
  const { url } = await suite.start({ contractAccess: 'open' });
  await pull(url);
  await writeFile(join(folder, 'caller.ts'), caller);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
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
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['caller.ts'] }));
  const compile = (tsc: string) => program([tsc, '-p', '.'], { cwd: folder });
  for (const tsc of compilers) await compile(tsc);
  expect(await program(['caller.ts', url], { cwd: folder })).toMatch(/^item 7$/m);

  const answer = await fetch(`${url}/api/contract`);
  const broken = (await answer.text()).replaceAll('"name":{"type":"string"}', '"title":{"type":"string"}');
  await writeFile(join(folder, 'broken.json'), broken);
  await pull(join(folder, 'broken.json'));
  for (const tsc of compilers)
    await expect(compile(tsc)).rejects.toThrow("Property 'name' does not exist on type");
});
