import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeToken } from './write-token.ts';

let root: string;
let env: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-token-'));
  mkdirSync(join(root, 'services/wiki'), { recursive: true });
  writeFileSync(join(root, 'services/wiki/package.json'), '{}');
  env = join(root, 'services/wiki/.env');
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (token: string) => writeToken(root, { service: 'wiki', token, envFile: '.env' });

test.each([
  ['in the place of the old one', "# The token\nSERVICE_TOKEN='old'\nDATABASE_URL='x'\n"],
  ['where there was none', "DATABASE_URL='x'\n"],
  [
    'before a file, which counts for less',
    "SERVICE_TOKEN='old'\nSERVICE_TOKEN_FILE='token'\nDATABASE_URL='x'\n",
  ],
])('a token is put into .env, %s', (_where, before) => {
  writeFileSync(env, before);
  expect(write('new')).toBe(env);
  expect(parseEnv(readFileSync(env, 'utf8'))).toMatchObject({ SERVICE_TOKEN: 'new', DATABASE_URL: 'x' });
  expect(statSync(env).mode & 0o777).toBe(0o600);
});

test('or into the file that is named there', () => {
  const before = "SERVICE_TOKEN_FILE='secrets-token'\n";
  writeFileSync(env, before);
  const path = write('new');
  expect(path).toBe(join(root, 'services/wiki/secrets-token'));
  expect(readFileSync(path, 'utf8')).toBe('new\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(env, 'utf8')).toBe(before);
});

test('not for a service that is not here', () => {
  expect(() => writeToken(root, { service: 'other', token: 'new', envFile: '.env' })).toThrow(
    'services/other',
  );
});
