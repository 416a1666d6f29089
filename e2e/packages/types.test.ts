import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { doorsOf, program, root, tools } from './program.ts';

const { examples } = inject('outside');
// Every declaration that a user's compiler reads.
beforeAll(async () => {
  const doors = ['@arcadium/mesh', '@arcadium/postgres'].flatMap((name) => doorsOf(examples, name));
  const lines = doors.map((door, index) => `export * as door${index} from '${door}';\n`);
  await writeFile(join(examples, 'consumer/doors.ts'), lines.join(''));
});

const compilers = {
  '5.9': join(tools, 'node_modules/typescript/bin/tsc'),
  '7': join(root, 'node_modules/typescript/bin/tsc'),
};

test.each(Object.entries(compilers))('TypeScript %s accepts what a user writes', async (version, tsc) => {
  expect(await program([tsc, '--version'], { cwd: examples })).toContain(`Version ${version}.`);
  // Strict and nothing else, with the declarations of the packages.
  await program([tsc, '-p', 'consumer'], { cwd: examples });
  await program([tsc, '-p', '.'], { cwd: examples });
});
