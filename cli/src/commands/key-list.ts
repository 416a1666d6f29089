import type { Command } from 'commander';
import { asAdministrator } from './administrator.ts';
import { printList } from './print.ts';

/** `key list [--json]`. */
export function keyList(self: Command): Command {
  return self.option('--json', 'as JSON').action(({ json }: { json?: boolean }, command: Command) =>
    asAdministrator(command, async (auth) => {
      const { items } = await auth.keys.list.query();
      printList(items, ['kid', 'state', 'origin', 'activeFrom', 'retiredAt', 'removedAt'], {
        json,
      });
    }),
  );
}
