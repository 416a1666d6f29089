import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nobody } from '@arcadium/mesh/contract';
import { serve, type Handlers } from '@arcadium/mesh/server';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { expect, inject, test } from 'vitest';
import { startChromium } from '../src/dashboard-page/chromium.ts';
import { shopContract } from './consumer/page.ts';
import { program, tools } from './program.ts';

const { examples } = inject('outside');

/** Bundles a module for a browser, as a page's build does. */
async function bundle(entry: string, name: string, ...options: string[]): Promise<Buffer> {
  const file = join(examples, 'bundles', name);
  const esbuild = join(tools, 'node_modules/esbuild/bin/esbuild');
  const usual = ['--bundle', '--minify', '--platform=browser', `--outfile=${file}`, '--log-level=warning'];
  await program([esbuild, entry, ...usual, ...options], { cwd: examples });
  return readFile(file);
}

test.each(['contract', 'client'] as const)(
  '%s is at most 20 kB in a page, compressed, besides zod',
  async (door) => {
    // Of the client `connect`, as in a page without subscriptions; of the contract everything.
    const source = {
      contract: 'node_modules/@arcadium/mesh/dist/contract/index.js',
      client: 'consumer/connect.js',
    };
    const bundled = await bundle(source[door], `${door}.js`, '--format=esm', '--external:zod');
    const bytes = gzipSync(bundled, { level: 9 });
    console.log(`@arcadium/mesh/${door}: ${(bytes.length / 1000).toFixed(1)} kB`);
    expect(bytes.length).toBeLessThan(20_000);
  },
);

test('a page calls a service', async () => {
  const script = await bundle('consumer/page.ts', 'page.js', '--format=iife', '--global-name=page');
  const get: Handlers<typeof shopContract>['get'] = async ({ input: { id }, errors }) => {
    if (id !== 'pen') throw errors.NOT_SOLD({ id });
    return { price: 2 };
  };
  const options = { version: '1', log, authenticate: () => nobody, pingDatabase: async () => {} };
  const service = await serve(shopContract, { get }, { port: 0, ...options });
  service.ready();
  const browser = await startChromium();
  try {
    const tab = await browser.newPage();
    // A page of the same origin.
    await tab.goto(`${service.url}/livez`);
    await tab.addScriptTag({ content: script.toString() });
    expect(await tab.evaluate(`page.shop(${JSON.stringify(service.url)})`)).toEqual([2, 'NOT_SOLD']);
  } finally {
    await browser.close();
    await service.stop();
  }
});
