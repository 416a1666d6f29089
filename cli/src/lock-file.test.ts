import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tidyLock, type LockFile } from './lock-file.ts';
import { root } from './workspace.ts';

test('keeps no engines of packages and no install script that is denied, and all else', () => {
  const lock = {
    lockfileVersion: 3,
    packages: {
      '': { engines: { node: '>=18' } },
      mesh: { engines: { node: '>=24' } },
      'node_modules/undici': { version: '8.0.0', engines: { node: '>=22' } },
      'node_modules/@prisma/engines': { version: '7.0.0', hasInstallScript: true },
      'node_modules/a/node_modules/node': {
        version: '24.0.0',
        hasInstallScript: true,
        engines: { npm: '5' },
      },
    },
  };
  expect(tidyLock(lock, { node: true, '@prisma/engines': false })).toEqual({
    lockfileVersion: 3,
    packages: {
      '': { engines: { node: '>=18' } },
      mesh: { engines: { node: '>=24' } },
      'node_modules/undici': { version: '8.0.0' },
      'node_modules/@prisma/engines': { version: '7.0.0' },
      'node_modules/a/node_modules/node': { version: '24.0.0', hasInstallScript: true },
    },
  });
});

test('the lock file of this repository is tidy: otherwise, `npm run lock`', () => {
  const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
  const lock: LockFile = read('package-lock.json');
  expect(lock).toEqual(tidyLock(lock, read('package.json').allowScripts));
});

test('no workspace has engines: npm compares them with the Node that runs npm, and warns at each install', () => {
  const { packages }: LockFile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const own = Object.entries(packages).filter(([path]) => path !== '' && !path.includes('node_modules/'));
  expect(own.length).toBeGreaterThan(8);
  expect(own.filter(([, entry]) => 'engines' in entry)).toEqual([]);
});
