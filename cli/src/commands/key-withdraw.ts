import { Command } from 'commander';
import { asAdministrator } from './administrator.ts';
import { failedWith, noSuch } from './choices.ts';

/** `key withdraw <kid>`. */
export function keyWithdraw(): Command {
  return new Command('withdraw')
    .description('Take a key that was stolen out at once: whatever it signed is void, your own log-in too')
    .argument('<kid>', 'as "key list" shows it')
    .action((kid: string, _options: unknown, command: Command) =>
      asAdministrator(command, async (auth) => {
        const { removedAt } = await auth.keys.withdraw.mutate({ kid }).catch(async (error: unknown) => {
          if (!failedWith('KEY_NOT_FOUND', error)) throw error;
          const { items } = await auth.keys.list.query();
          throw noSuch('key', kid, { choices: items.map((key) => `${key.kid} (${key.state})`) });
        });
        console.error(
          `Withdrawn at ${removedAt}. Take it out of SIGNING_KEYS and PUBLIC_KEYS, and give every service whose token it signed a new one: token issue <service> --write`,
        );
        console.log(kid);
      }),
    );
}
