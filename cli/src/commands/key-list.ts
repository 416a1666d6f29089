import type { Command } from 'commander';
import { asAdministrator } from './administrator.ts';
import { printList } from './print.ts';
import { examples } from './examples.ts';

/** `key list [--json]`. */
export function keyList(self: Command): Command {
  return examples(self, 'key list')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) => {
        const { items } = await auth.keys.list.query();
        printList(items, ['kid', 'state', 'origin', 'activeFrom', 'retiredAt', 'removedAt'], {
          json,
        });
      }),
    );
}
