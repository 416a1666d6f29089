import { join } from 'node:path';
import type { Command } from 'commander';
import { canIDeploy, exitCodeOf, wordsOf } from '../contract/can-i-deploy/can-i-deploy.ts';
import { CannotCheck } from '../contract/check/cannot-check.ts';
import { readContracts } from '../contract/check/read-contracts.ts';
import { readServiceSettings } from '../setup/service-settings.ts';
import { root, serviceNames, serviceUrls, urlSetting } from '../workspace.ts';
import { administratorToken } from './administrator-token.ts';
import { noSuch } from './choices.ts';

/** `can-i-deploy <service> --to <environment>`. */
export function canIDeployCommand(self: Command): Command {
  return self
    .argument('<service>', 'such as wiki')
    .requiredOption('--to <environment>', 'its addresses are in .env.<environment>')
    .option('--contracts <folder>', 'the package with the contracts', join(root, 'contracts'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 it can be deployed, 1 something would break, 2 something could not be compared.

Example:
  npm run mesh -- can-i-deploy wiki --to staging`,
    )
    .action(
      async (
        service: string,
        { to, contracts, json }: { to: string; contracts: string; json?: boolean },
        command: Command,
      ) => {
        // Addresses, administrator and certificates are then those of the environment.
        process.env['ENVIRONMENT'] = to;
        try {
          const names = serviceNames();
          if (!names.includes(service)) throw noSuch('service', service, { choices: names });
          const { snapshots } = await readContracts(contracts);
          const settings = await readServiceSettings(root, service);
          const urls = serviceUrls();
          if (!urls.has(service))
            throw new CannotCheck(
              `The address of ${service} is not known: set ${urlSetting(service)} in .env.${to}`,
            );
          let token: Promise<string> | undefined;
          const answer = await canIDeploy({
            service,
            contracts: snapshots,
            calls: names.filter((other) => other !== service && urlSetting(other) in settings),
            urls,
            logIn: () => (token ??= administratorToken(command)),
          });
          console.log(
            json ? JSON.stringify({ ...answer, environment: to }, undefined, 2) : wordsOf(answer, to),
          );
          process.exitCode = exitCodeOf(answer);
        } catch (error) {
          // Whatever it is: 1 says that something would break.
          process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
          process.exitCode = 2;
        }
      },
    );
}
