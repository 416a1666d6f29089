import { isCallError } from '@arcadium/mesh/client';
import { Command } from 'commander';
import { call } from './commands/call.ts';
import { canIDeployCommand } from './commands/can-i-deploy.ts';
import { certs } from './commands/certs.ts';
import { contractCheck } from './commands/contract-check.ts';
import { contractOpenApi } from './commands/contract-openapi.ts';
import { contractPublish } from './commands/contract-publish.ts';
import { contractPull } from './commands/contract-pull.ts';
import { dbBackup } from './commands/db-backup.ts';
import { dbKeygen } from './commands/db-keygen.ts';
import { dbRestore, dbVerify } from './commands/db-restore.ts';
import { keyList } from './commands/key-list.ts';
import { keyRotate } from './commands/key-rotate.ts';
import { keyWithdraw } from './commands/key-withdraw.ts';
import { kubernetesPrometheusRules, kubernetesSecrets } from './commands/kubernetes.ts';
import { networkPoliciesCommand } from './commands/network-policies.ts';
import { newService } from './commands/new-service.ts';
import { outboxDrop, outboxList, outboxRetry } from './commands/outbox.ts';
import { status } from './commands/status.ts';
import { tokenIssue } from './commands/token-issue.ts';
import { tokenList } from './commands/token-list.ts';
import { tokenRevoke } from './commands/token-revoke.ts';
import { tokenRotate } from './commands/token-rotate.ts';
import { wait } from './commands/wait.ts';

// npm run mesh -- <command>: works on a running mesh, mostly as an administrator. Results go to standard output,
// everything else to standard error.

const mesh = new Command('mesh')
  .description('Look at a running mesh, call its services, and administer it')
  .option(
    '--email <address>',
    'the administrator to log in as, with the password from MESH_PASSWORD or the terminal (default: ADMIN_EMAIL and ADMIN_PASSWORD of services/auth/.env)',
  );
mesh
  .addCommand(status())
  .addCommand(wait())
  .addCommand(call())
  .addCommand(certs())
  .addCommand(canIDeployCommand());
mesh
  .command('token')
  .description('Manage service tokens')
  .addCommand(tokenIssue())
  .addCommand(tokenList())
  .addCommand(tokenRotate())
  .addCommand(tokenRevoke());
mesh
  .command('key')
  .description('Manage signing keys')
  .addCommand(keyRotate())
  .addCommand(keyList())
  .addCommand(keyWithdraw());
mesh
  .command('outbox')
  .description('Manage notifications that the wiki and auth gave up')
  .addCommand(outboxList())
  .addCommand(outboxRetry())
  .addCommand(outboxDrop());
mesh
  .command('contract')
  .description('Work with the contracts of this repository')
  .addCommand(contractCheck())
  .addCommand(contractOpenApi())
  .addCommand(contractPublish())
  .addCommand(contractPull())
  .addCommand(networkPoliciesCommand());
mesh
  .command('kubernetes')
  .description('Write what docker/kubernetes takes from this repository')
  .addCommand(kubernetesSecrets())
  .addCommand(kubernetesPrometheusRules());
mesh
  .command('db')
  .description('Back up and restore the databases of services')
  .addCommand(dbBackup())
  .addCommand(dbVerify())
  .addCommand(dbRestore())
  .addCommand(dbKeygen());
mesh.command('new').description('Create parts of this repository').addCommand(newService());

try {
  await mesh.parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}

/** One sentence, with the data and the name of a typed error. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { error: named, issues } = isCallError(error) ? error.data : {};
  if (named) return `${error.message}: ${facts(named.data)} (${named.name})`;
  if (!issues) return error.message;
  return `${error.message}: ${issues.map(({ path, message }) => [path.join('.'), message].join(' ').trim()).join('; ')}`;
}

/** The data of a typed error in words, such as `active from` for `activeFrom`. */
function facts(data: unknown): string {
  return Object.entries(Object(data) as Record<string, unknown>)
    .map(
      ([name, value]) =>
        `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${String(value)}`,
    )
    .join(', ');
}
