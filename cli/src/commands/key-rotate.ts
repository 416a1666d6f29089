import type { Command } from 'commander';
import { asAdministrator } from './administrator.ts';
import { examples } from './examples.ts';

/** `key rotate`. */
export function keyRotate(self: Command): Command {
  return examples(self, 'key rotate').action((_options: unknown, command: Command) =>
    asAdministrator(command, async (auth) => {
      const { kid, activeFrom } = await auth.keys.rotate.mutate();
      console.error(`The next key is published and signs from ${activeFrom} on:`);
      console.log(kid);
    }),
  );
}
