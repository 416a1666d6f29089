import { expect, test } from 'vitest';
import { root } from '../workspace.ts';
import { Sources } from './sources.ts';

const all = ['auth', 'notification', 'wiki'];
const sources = new Sources(root, all);

test.each([
  ['services/wiki/src/app.ts', ['wiki']],
  ['services/wiki/.env', ['wiki']],
  ['services/wiki/package.json', ['wiki']],
  ['prisma/wiki/generated/client.ts', ['wiki']],
  ['prisma/wiki/migrations/20260101000000_init/migration.sql', ['wiki']],
  ['postgres/src/database/database.ts', all],
  ['prisma/src/folders.ts', all],
  ['contracts/src/wiki.ts', all],
  ['mesh/src/server/run.ts', all],
  ['.env', all],
])('a change of %s is one of %j', (file, services) => {
  expect(sources.concerns(file)).toBe(true);
  expect(sources.servicesOf(file)).toEqual(services);
});

test.each([
  'mesh/src/server/serve.test.ts',
  'mesh/src/contract/contract.test-d.ts',
  'prisma/README.md',
  'services/wiki/node_modules',
  '.data',
  '.git',
  'node_modules',
  'cli',
  'e2e',
  'package.json',
  '.env.example',
  'prisma/.env',
  'services/wiki/.env.4711.tmp',
  'services/wiki/src/.app.ts.swp',
  'services/wiki/src/app.ts~',
  'services/other',
  'services/wiki/page/src/app.tsx',
  'prisma/wiki/schema.prisma',
])('%s makes no difference', (file) => {
  expect(sources.concerns(file)).toBe(false);
});
