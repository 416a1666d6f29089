import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PageFiles } from './page-files.ts';
import { pageRoutes } from './page-routes.ts';

let folder: string;
let routes: ReturnType<typeof pageRoutes>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'arcadium-page-'));
  routes = pageRoutes(new PageFiles(folder));
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(index: string): void {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'assets/app-1a2b.js'), 'let app = 1;');
  writeFileSync(join(folder, 'index.html'), index);
}

async function ask(route: string, url: string, headers: Record<string, string> = {}) {
  return routes[route]?.({ url, headers } as unknown as IncomingMessage);
}

function bytesOf(answer: Awaited<ReturnType<typeof ask>>): Buffer {
  return Buffer.from(answer && 'text' in answer ? answer.text : '');
}

async function open(...request: Parameters<typeof ask>) {
  const answer = await ask(...request);
  return answer && { ...answer, text: bytesOf(answer).toString() };
}

test('before the build, the page says how to build it; afterwards it is there without a restart', async () => {
  expect(await open('/', '/')).toMatchObject({
    status: 404,
    text: expect.stringContaining('npm run build'),
  });
  build('<p>one');
  expect(await open('/', '/')).toMatchObject({ status: 200, text: '<p>one' });
  build('<p>two');
  utimesSync(join(folder, 'index.html'), 1, 1);
  expect(await open('/', '/')).toMatchObject({ status: 200, text: '<p>two' });
});

test('assets are kept by the browser, and the page is asked for again, with a policy that allows no foreign script', async () => {
  build('<p>');
  const asset = await open('/assets/*', '/assets/app-1a2b.js?v=1');
  expect(asset).toMatchObject({
    text: 'let app = 1;',
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    },
  });
  const page = await open('/', '/');
  expect(page?.headers).toMatchObject({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
  const policy = page?.headers?.['content-security-policy'];
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).not.toContain('unsafe');
});

test('a browser gets the page for every path of its own, a program an error; no path leaves the folder', async () => {
  build('<p>page');
  writeFileSync(join(folder, '..', 'arcadium-outside.txt'), 'secret');
  const accept = 'text/html,*/*';
  expect(await open('/*', '/services/wiki', { accept })).toMatchObject({ status: 200, text: '<p>page' });
  expect(await open('/*', '/services/wiki', { accept: '*/*' })).toBeUndefined();
  expect(await open('/*', '/api/unknown', { accept })).toBeUndefined();
  expect(await open('/assets/*', '/assets/missing.js', { accept })).toBeUndefined();
  for (const url of ['/assets/../../arcadium-outside.txt', '/assets/%2e%2e/%2e%2e/arcadium-outside.txt'])
    expect(await open('/assets/*', url)).toBeUndefined();
  rmSync(join(folder, '..', 'arcadium-outside.txt'));
});

test('text is compressed for those that accept it', async () => {
  build('<p>'.repeat(1000));
  const answer = await ask('/', '/', { 'accept-encoding': 'gzip;q=0, br' });
  expect(answer?.headers?.['content-encoding']).toBe('br');
  expect(brotliDecompressSync(bytesOf(answer)).toString()).toBe('<p>'.repeat(1000));
  expect(await open('/', '/', { 'accept-encoding': 'gzip;q=0' })).toMatchObject({ text: '<p>'.repeat(1000) });
});
