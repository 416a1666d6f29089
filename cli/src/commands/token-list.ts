import { Command } from 'commander';
import { asAdministrator } from './administrator.ts';
import { printList } from './print.ts';

/** `token list [--service <name>] [--json]`. */
export function tokenList(): Command {
  return new Command('list')
    .description('Show the tokens that are known, the latest first')
    .option('--service <name>', 'of this service alone')
    .option('--json', 'as JSON, with all that is known of each')
    .action(({ service, json }: { service?: string; json?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) => {
        const list = (cursor?: string) =>
          auth.serviceTokens.list.query({
            limit: 100,
            ...(service !== undefined && { service }),
            ...(cursor !== undefined && { cursor }),
          });
        let page = await list();
        const items = [...page.items];
        while (page.nextCursor !== null) {
          page = await list(page.nextCursor);
          items.push(...page.items);
        }
        printList(items, ['service', 'tokenId', 'origin', 'issuedAt', 'expiresAt', 'revokedAt'], {
          json,
        });
      }),
    );
}
