import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root as repository } from '../workspace.ts';
import { findMisspelt } from './misspelt.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-misspelt-'));
  for (const folder of ['prisma', 'services/tasks/src']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'services/tasks/package.json'), '{}');
  writeFileSync(
    join(root, 'services/tasks/src/config.ts'),
    'export const settings = { TASKS_LIST_MAX: {} };',
  );
  copyFileSync(join(repository, '.env.example'), join(root, '.env.example'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('a misspelt setting is named with the near one, in each of the files', async () => {
  writeFileSync(join(root, '.env'), 'WIKI_SERIVCE_URL=http://localhost:5000\nLOG_LEVLE=info\n');
  writeFileSync(join(root, 'prisma/.env'), 'DATABASE_ADMN_URL=x\n');
  writeFileSync(join(root, 'services/tasks/.env'), 'TASK_LIST_MAX=3\nSERVICE_TOKENFILE=x\n');
  expect(await findMisspelt(root, {})).toEqual([
    'Unknown setting LOG_LEVLE in .env. Did you mean LOG_LEVEL?',
    'Unknown setting WIKI_SERIVCE_URL in .env. Did you mean WIKI_SERVICE_URL?',
    'Unknown setting DATABASE_ADMN_URL in prisma/.env. Did you mean DATABASE_ADMIN_URL?',
    'Unknown setting SERVICE_TOKENFILE in services/tasks/.env. Did you mean SERVICE_TOKEN_FILE?',
    'Unknown setting TASK_LIST_MAX in services/tasks/.env. Did you mean TASKS_LIST_MAX?',
  ]);
});

test('in the environment too, where only what is near to one of ours is looked at', async () => {
  const others = {
    HOME: '/',
    HOSTS: 'x',
    PORTS: '1',
    PATH: '/bin',
    TERM_PROGRAM: 'x',
    npm_config_cache: 'x',
  };
  expect(await findMisspelt(root, { ...others, ATUH_SERVICE_URL: 'http://x' })).toEqual([
    'Unknown setting ATUH_SERVICE_URL in the environment. Did you mean AUTH_SERVICE_URL?',
  ]);
});

test('what is spelt right, a file’s path, and what is near to nothing, is not named', async () => {
  writeFileSync(
    join(root, '.env'),
    'WIKI_SERVICE_URL=x\nPUBLIC_KEYS_FILE=x\nMY_OWN=1\nTASKS_LIST_MAX_FILE=x\n',
  );
  expect(await findMisspelt(root, { ENVIRONMENT: '' })).toEqual([]);
});

test('the files of another ENVIRONMENT are the ones that are read', async () => {
  writeFileSync(join(root, '.env'), 'LOG_LEVLE=info\n');
  writeFileSync(join(root, '.env.staging'), 'LOGLEVEL=info\n');
  expect(await findMisspelt(root, { ENVIRONMENT: 'staging' })).toEqual([
    'Unknown setting LOGLEVEL in .env.staging. Did you mean LOG_LEVEL?',
  ]);
});

test('a name of OpenSSL that is near one of ours is meant as it is', async () => {
  const here = join(import.meta.dirname, '../../..');
  const found = await findMisspelt(here, { SSL_CERT_FILE: '/etc/ssl/certs/ca.crt', TSL_CERT_FILE: 'x' });
  expect(found.filter((line) => line.includes('in the environment'))).toEqual([
    'Unknown setting TSL_CERT_FILE in the environment. Did you mean TLS_CERT_FILE?',
  ]);
});
