import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { asAdministrator, type AuthClient } from './administrator.ts';
import { mustKnowService, mustKnowToken, tokenOrService } from './choices.ts';
import { handOver, writeOption } from './hand-over.ts';
import { examples } from './examples.ts';

/** `token rotate <tokenId>`, or `token rotate --service <name>`, either with `--write`. */
export function tokenRotate(self: Command): Command {
  return examples(self, 'token rotate --service wiki --write')
    .argument('[tokenId]', 'as shown by "token list"', (text) => {
      // A token given as an argument would end up in the shell's history.
      if (text.includes('.')) throw new InvalidArgumentError('That is a token, not its id.');
      return text;
    })
    .option('--service <name>', 'the newest token of this service')
    .addOption(writeOption())
    .action((tokenId: string | undefined, options: Options, command: Command) =>
      asAdministrator(command, async (auth) => {
        const of = tokenOrService(tokenId, options.service);
        if ('tokenId' in of) await mustKnowToken(of.tokenId, auth);
        const old = 'tokenId' in of ? of.tokenId : await latestOf(of.service, auth);
        handOver(await auth.serviceTokens.rotate.mutate({ tokenId: old }), options);
      }),
    );
}

type Options = { service?: string; write?: boolean };

async function latestOf(service: string, auth: AuthClient): Promise<string> {
  await mustKnowService(service, auth);
  const { items } = await auth.serviceTokens.list.query({ service, limit: 100 });
  const good = items.find(
    ({ revokedAt, expiresAt }) => revokedAt === null && Date.parse(expiresAt) > Date.now(),
  );
  if (!good) throw new Error(`${service} has no known valid token; create one with "token issue"`);
  return good.tokenId;
}
