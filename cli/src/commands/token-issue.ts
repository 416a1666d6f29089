import { Command } from 'commander';
import { asAdministrator } from './administrator.ts';
import { handOver, writeOption } from './hand-over.ts';

/** `token issue <service> [--write]`. */
export function tokenIssue(): Command {
  return new Command('issue')
    .description('Make a token for a service and print it')
    .argument('<service>', 'its name, as wiki')
    .addOption(writeOption())
    .action((service: string, { write }: { write?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) =>
        handOver(await auth.serviceTokens.issue.mutate({ service }), { write }),
      ),
    );
}
