import type { Command } from 'commander';
import { serviceNames } from '../workspace.ts';
import { asAdministrator, type AuthClient } from './administrator.ts';
import { mustKnowService, noSuch } from './choices.ts';
import { handOver, writeOption } from './hand-over.ts';
import { examples } from './examples.ts';

/** `token issue <service> [--write] [--new]`. */
export function tokenIssue(self: Command): Command {
  return examples(self, 'token issue wiki --write')
    .argument('<service>', 'its name, such as wiki')
    .addOption(writeOption())
    .option('--new', 'also for a service that is not in services/ and has no token yet')
    .action((service: string, options: Options, command: Command) =>
      asAdministrator(command, async (auth) => {
        await mustBeMeant(service, options, auth);
        handOver(await auth.serviceTokens.issue.mutate({ service }), options);
      }),
    );
}

type Options = { write?: boolean; new?: boolean };

/** Protects against typing errors: a token for a wrong name, or one that cannot be written anywhere. */
async function mustBeMeant(service: string, { write, new: isNew }: Options, auth: AuthClient): Promise<void> {
  const here = serviceNames();
  if (write && !here.includes(service)) {
    throw noSuch('service', service, {
      choices: here,
      advice: 'For a service outside of services/, leave out --write.',
    });
  }
  if (!isNew) await mustKnowService(service, auth, 'For a service outside of services/, add --new.');
}
