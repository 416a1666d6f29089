import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authContract } from '@arcadium/contracts/auth';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { describeProcedures, entriesOf, openApi } from '@arcadium/mesh/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ShopSuite } from '../../mesh/src/testing/shop-suite.ts';
import { program, tools } from './program.ts';

const suite = new ShopSuite();
const contracts = [authContract, dashboardContract, notificationContract, wikiContract];
/** Inside the tools, so that what is written there finds their packages. */
const folder = join(tools, 'generated');
const bin = (name: string) => join(tools, 'node_modules', name);

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('redocly finds nothing to warn of in the contracts', async () => {
  const files = contracts.map(({ name }) => `${name}.json`);
  for (const one of contracts) {
    const document = openApi(describeProcedures(entriesOf(one)), { name: one.name, version: '1.0.0' });
    await writeFile(join(folder, `${one.name}.json`), JSON.stringify(document));
  }
  const run = [bin('@redocly/cli/bin/cli.js'), 'lint', '--extends=recommended', ...files];
  const report = await program(run, { cwd: folder, env: { REDOCLY_TELEMETRY: 'off' } });
  expect(report).toContain('Your API descriptions are valid');
  expect(report).not.toMatch(/warning/i);
});

/** What someone writes who has the document, and nothing else. */
const caller = `
import createClient from 'openapi-fetch';
import type { paths } from './shop.d.ts';
const client = createClient<paths>({ baseUrl: process.argv[2] });
const { data } = await client.POST('/trpc/items.get', { body: { id: 7 } });
const name: string | undefined = data?.result.data.name;
const { error, response } = await client.POST('/trpc/items.get', { body: { id: 700 } });
const code: string | undefined = error?.error.data.code;
const { error: wrong } = await client.POST('/trpc/items.get', { body: { id: 0 } });
const named = error && 'error' in error.error.data ? error.error.data.error : undefined;
console.log(JSON.stringify([name, response.status, code, named, wrong?.error.data.issues]));
// @ts-expect-error -- the input is checked before anything is sent
const never = () => client.POST('/trpc/items.get', { body: { id: 'seven' } });
`;

test('a client generated from /openapi.json is typed, and calls the service', async () => {
  const { url } = await suite.start({ contractAccess: 'open' });
  const answer = await fetch(`${url}/openapi.json`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  await writeFile(join(folder, 'shop.json'), await answer.text());
  await writeFile(join(folder, 'caller.ts'), caller);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await program([bin('openapi-typescript/bin/cli.js'), 'shop.json', '-o', 'shop.d.ts'], { cwd: folder });
  const strict = ['--strict', '--noEmit', '--skipLibCheck', '--allowImportingTsExtensions'];
  const types = ['--types', 'node', '--typeRoots', join(tools, '../../../node_modules/@types')];
  const modules = ['--module', 'nodenext', '--target', 'es2024'];
  await program([bin('typescript/bin/tsc'), ...strict, ...types, ...modules, 'caller.ts'], { cwd: folder });
  expect(JSON.parse(await program(['caller.ts', url], { cwd: folder }))).toEqual([
    'item 7',
    404,
    'NOT_FOUND',
    { name: 'ITEM_NOT_FOUND', data: { id: 700 } },
    [{ path: ['id'], message: expect.any(String) }],
  ]);
});
