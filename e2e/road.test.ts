import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// docs/architecture.md lists the files that a call passes; V8 says which they are.

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'architecture.md'), 'utf8');

/** The files of one end that the page lists, in its order. */
function listed(end: 'client' | 'server'): string[] {
  const [, list = ''] = new RegExp(`<!-- road of the ${end}: begin -->([^]*?)<!-- end -->`).exec(page) ?? [];
  return Array.from(list.matchAll(/^\| \d+ +\| `([^`]+)`/gm), ([, file = '']) => file);
}

test('a call passes the files that the architecture page lists, and no others', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'src', 'road', 'client.ts')],
    { timeout: 60_000 },
  );
  const passed = JSON.parse(stdout) as { client: string[]; server: string[] };
  expect(listed('client').toSorted()).toEqual(passed.client);
  expect(listed('server').toSorted()).toEqual(passed.server);
}, 70_000);
