import type { Command } from 'commander';
import { asAdministrator } from './administrator.ts';
import { mustKnowService } from './choices.ts';
import { printList } from './print.ts';
import { allTokens } from './tokens.ts';
import { examples } from './examples.ts';

/** `token list [--service <name>] [--json]`. */
export function tokenList(self: Command): Command {
  return examples(self, 'token list --service wiki')
    .option('--service <name>', 'only of this service')
    .option('--json', 'as JSON, with all fields')
    .action(({ service, json }: { service?: string; json?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) => {
        if (service !== undefined) await mustKnowService(service, auth);
        const items = await allTokens(auth, service);
        printList(items, ['service', 'tokenId', 'origin', 'issuedAt', 'expiresAt', 'revokedAt'], {
          json,
        });
      }),
    );
}
