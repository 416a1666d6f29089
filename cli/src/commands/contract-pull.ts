import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contractFromSnapshot, contractHash } from '@arcadium/mesh/contract';
import type { Command } from 'commander';
import { readFileSnapshots, readUrl } from '../contract/check/read-snapshots.ts';
import { writeContract } from '../contract/pull/write-contract.ts';
import { administratorToken } from './administrator-token.ts';

/** `contract pull <url|file> [--out <folder>]`. */
export function contractPull(self: Command): Command {
  return self
    .argument('<source>', 'the URL of a service, or a file with a snapshot')
    .option('--out <folder>', 'where to write <service>-contract.ts', '.')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run mesh -- contract pull http://localhost:5000 --out ../shop/src\n  npm run mesh -- contract pull contract.json',
    )
    .action(async (source: string, { out }: { out: string }, command: Command) => {
      const isUrl = /^https?:\/\//.test(source);
      const found = await (isUrl
        ? readUrl(source, () => administratorToken(command))
        : readFileSnapshots(source));
      // All of them first: what cannot be read must not leave half of it behind.
      const files = found.map((snapshot) => {
        const { hash } = snapshot as { hash?: string };
        if (hash !== undefined && hash !== contractHash(snapshot))
          throw new Error(
            `${source} was changed: its hash is ${contractHash(snapshot)}, and it says ${hash}`,
          );
        // It becomes the name of a file.
        if (!/^[a-z][a-zA-Z0-9-]{0,63}$/.test(snapshot.name))
          throw new Error(`${source} has an invalid name of a service: ${JSON.stringify(snapshot.name)}`);
        contractFromSnapshot(snapshot);
        return writeContract(snapshot, source);
      });
      await mkdir(out, { recursive: true });
      for (const [name, text] of files) {
        await writeFile(join(out, name), text);
        console.log(join(out, name));
      }
    });
}
