import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readContracts } from '../contract/check/read-contracts.ts';
import { writePackage } from '../contract/pull/write-contract.ts';
import { root } from '../workspace.ts';
import { noSuch } from './choices.ts';

interface Options {
  out: string;
  name?: string;
  release?: string;
  contracts: string;
}

/** `contract publish <service> --out <folder>`. */
export function contractPublish(self: Command): Command {
  return self
    .argument('<service>', 'such as wiki')
    .requiredOption('--out <folder>', 'where to write the package')
    .option('--name <name>', 'of the package (default: @arcadium/<service>-contract)')
    .option('--release <version>', 'of the package (default: the version of the service)')
    .option('--contracts <folder>', 'the package with the contracts', join(root, 'contracts'))
    .addHelpText(
      'after',
      '\nExample:\n  npm run mesh -- contract publish wiki --out dist/wiki-contract && npm publish dist/wiki-contract',
    )
    .action(async (service: string, { out, name, release, contracts }: Options) => {
      const { snapshots } = await readContracts(contracts);
      const snapshot = snapshots.find((one) => one.name === service);
      if (!snapshot) throw noSuch('contract', service, { choices: snapshots.map((one) => one.name) });
      const mesh = manifestOf('mesh');
      const files = writePackage(snapshot, {
        name: name ?? `@arcadium/${service}-contract`,
        version: release ?? manifestOf(join('services', service)).version,
        mesh: `^${mesh.version}`,
        zod: mesh.peerDependencies?.['zod'] ?? '*',
      });
      await mkdir(out, { recursive: true });
      for (const [file, text] of files) await writeFile(join(out, file), text);
      console.log(files.map(([file]) => join(out, file)).join('\n'));
    });
}

type Manifest = Readonly<{ version: string; peerDependencies?: Readonly<Record<string, string>> }>;

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
}
