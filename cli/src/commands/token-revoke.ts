import type { Command } from 'commander';
import { asAdministrator, failedWith } from './administrator.ts';
import { mustKnowService, mustKnowToken, tokenOrService } from './choices.ts';
import { examples } from './examples.ts';

/** `token revoke <tokenId> [--unseen]`, or `token revoke --service <name>`. */
export function tokenRevoke(self: Command): Command {
  return examples(self, 'token revoke 0197d1f0-5c1e-7c43-9f3a-2f8f0c6f5a11', 'token revoke --service wiki')
    .argument('[tokenId]', 'as shown by "token list"')
    .option('--service <name>', 'all known tokens of this service')
    .option('--unseen', 'also a token that auth has not seen, by its jti')
    .action((tokenId: string | undefined, { service, unseen }: Options, command: Command) =>
      asAdministrator(command, async (auth) => {
        const input = tokenOrService(tokenId, service);
        if ('service' in input) await mustKnowService(input.service, auth);
        else if (!unseen)
          await mustKnowToken(input.tokenId, auth, 'For a token that auth has not seen, add --unseen.');
        const { tokenIds, count = tokenIds.length } = await auth.serviceTokens.revoke
          .mutate(input)
          .catch((error: unknown) => {
            if (!failedWith('TOKEN_NOT_FOUND', error)) throw error;
            throw new Error(`"${tokenId}" is not the id of a token: an id is a UUID, the jti in the token`, {
              cause: error,
            });
          });
        if (count === 0) console.error(`${service} has no valid token`);
        else if (count > tokenIds.length) console.error(`${count} revoked, the newest of them:`);
        else console.error(`${count} revoked:`);
        for (const id of tokenIds) console.log(id);
      }),
    );
}

type Options = { service?: string; unseen?: boolean };
