import { Command } from 'commander';
import { asAdministrator } from './administrator.ts';

/** `token revoke <tokenId>`, or `token revoke --service <name>`. */
export function tokenRevoke(): Command {
  return new Command('revoke')
    .description('Make a token void, or all that a service has; every service refuses them within seconds')
    .argument('[tokenId]', 'as "token list" shows it; one that it does not show is void as well')
    .option('--service <name>', 'all of this service that are known')
    .action((tokenId: string | undefined, { service }: { service?: string }, command: Command) =>
      asAdministrator(command, async (auth) => {
        const input = inputOf(tokenId, service);
        const { tokenIds, count = tokenIds.length } = await auth.serviceTokens.revoke.mutate(input);
        if (count === 0) console.error(`${service} has no token that is good`);
        else if (count > tokenIds.length) console.error(`${count} revoked, of which the latest:`);
        else console.error(`${count} revoked:`);
        for (const id of tokenIds) console.log(id);
      }),
    );
}

function inputOf(tokenId: string | undefined, service: string | undefined) {
  if (tokenId !== undefined && service === undefined) return { tokenId };
  if (tokenId === undefined && service !== undefined) return { service };
  throw new Error('Name either a token by its id, or a service with --service');
}
