import { isCallError } from '@arcadium/mesh/client';
import { Command } from 'commander';
import { keyList } from './commands/key-list.ts';
import { keyRotate } from './commands/key-rotate.ts';
import { keyWithdraw } from './commands/key-withdraw.ts';
import { tokenIssue } from './commands/token-issue.ts';
import { tokenList } from './commands/token-list.ts';
import { tokenRevoke } from './commands/token-revoke.ts';
import { tokenRotate } from './commands/token-rotate.ts';

// npm run mesh -- <command>: works on a running mesh as an administrator. What
// was asked for goes to standard output, everything else to standard error.

const mesh = new Command('mesh')
  .description('Works on a running mesh as an administrator')
  .option(
    '--email <address>',
    'who you are; the password is asked for, or MESH_PASSWORD (default: ADMIN_EMAIL and ADMIN_PASSWORD of services/auth/.env)',
  );
mesh
  .command('token')
  .description('The tokens that services prove themselves with')
  .addCommand(tokenIssue())
  .addCommand(tokenList())
  .addCommand(tokenRotate())
  .addCommand(tokenRevoke());
mesh
  .command('key')
  .description('The keys that tokens are signed with')
  .addCommand(keyRotate())
  .addCommand(keyList())
  .addCommand(keyWithdraw());

try {
  await mesh.parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}

/** One line, with what a typed error says beside its message. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { error: named, issues } = isCallError(error) ? error.data : {};
  const data = named ?? issues?.[0];
  return data === undefined ? error.message : `${error.message} (${JSON.stringify(data)})`;
}
