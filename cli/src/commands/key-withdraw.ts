import type { Command } from 'commander';
import { asAdministrator, failedWith } from './administrator.ts';
import { noSuch } from './choices.ts';
import { examples } from './examples.ts';

/** `key withdraw <kid>`. */
export function keyWithdraw(self: Command): Command {
  return examples(self, 'key withdraw 2026-11-30-a1b2c3')
    .argument('<kid>', 'as shown by "key list"')
    .action((kid: string, _options: unknown, command: Command) =>
      asAdministrator(command, async (auth) => {
        const { removedAt } = await auth.keys.withdraw.mutate({ kid }).catch(async (error: unknown) => {
          if (!failedWith('KEY_NOT_FOUND', error)) throw error;
          const { items } = await auth.keys.list.query();
          throw noSuch('key', kid, { choices: items.map((key) => `${key.kid} (${key.state})`) });
        });
        console.error(
          `Withdrawn at ${removedAt}. Remove it from SIGNING_KEYS and PUBLIC_KEYS, and issue a new token for every service whose token it signed: token issue <service> --write`,
        );
        console.log(kid);
      }),
    );
}
