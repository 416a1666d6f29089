import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { writeReference } from '../contract/docs.ts';
import { root } from '../workspace.ts';

/** `contract docs`: the reference of the API, from the contracts. */
export function contractDocs(self: Command): Command {
  return self
    .option('--to <folder>', 'where the pages go', join(root, 'docs', 'api'))
    .addHelpText(
      'after',
      '\nExamples:\n  npm run mesh -- contract docs\n  npm run mesh -- contract docs --to /tmp/api',
    )
    .action(async ({ to }: { to: string }) => {
      const left = await writeReference(to);
      for (const name of left)
        process.stderr.write(`${join(to, name)} belongs to no contract: delete it if it is not yours\n`);
      console.log(`Written to ${relative(process.cwd(), to) || '.'}`);
    });
}
