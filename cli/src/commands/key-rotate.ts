import { Command } from 'commander';
import { asAdministrator } from './administrator.ts';

/** `key rotate`. */
export function keyRotate(): Command {
  return new Command('rotate')
    .description('Create the next signing key and print its id; it signs once every service can know of it')
    .action((_options: unknown, command: Command) =>
      asAdministrator(command, async (auth) => {
        const { kid, activeFrom } = await auth.keys.rotate.mutate();
        console.error(`The next key is published and signs from ${activeFrom} on:`);
        console.log(kid);
      }),
    );
}
