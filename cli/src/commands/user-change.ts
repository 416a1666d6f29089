import { Argument, type Command } from 'commander';
import { findAccount, printAccount, type Account } from './account.ts';
import { asAdministrator, type AuthClient } from './administrator.ts';

/** `user role <user> <role>`: their sessions end. */
export function userRole(self: Command): Command {
  return self
    .argument('<user>', 'their email address or id')
    .addArgument(new Argument('<role>', 'the new role').choices(['user', 'admin']))
    .option('--json', 'as JSON')
    .addHelpText('after', example('role ann@example.com admin'))
    .action((user: string, role: 'user' | 'admin', { json }: { json?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) => {
        const { id } = await findAccount(auth, user);
        printAccount(await auth.users.setRole.mutate({ id, role }), { json });
      }),
    );
}

/** `user disable <user>`: their sessions end. */
export function userDisable(self: Command): Command {
  return changing(self, 'disable', (auth, id) => auth.users.disable.mutate({ id }));
}

/** `user enable <user>`. */
export function userEnable(self: Command): Command {
  return changing(self, 'enable', (auth, id) => auth.users.enable.mutate({ id }));
}

/** `user reset-second-factor <user>`: their sessions end. */
export function userResetSecondFactor(self: Command): Command {
  return changing(self, 'reset-second-factor', (auth, id) => auth.users.resetSecondFactor.mutate({ id }));
}

/** `user end-sessions <user>`: prints how many were active. */
export function userEndSessions(self: Command): Command {
  return self
    .argument('<user>', 'their email address or id')
    .option('--json', 'as JSON')
    .addHelpText('after', example('end-sessions ann@example.com'))
    .action((user: string, { json = false }: { json?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) => {
        const { id } = await findAccount(auth, user);
        const ended = await auth.users.endSessions.mutate({ id });
        console.log(json ? JSON.stringify(ended) : String(ended.sessionsEnded));
      }),
    );
}

function changing(
  self: Command,
  name: string,
  change: (auth: AuthClient, id: string) => Promise<Account>,
): Command {
  return self
    .argument('<user>', 'their email address or id')
    .option('--json', 'as JSON')
    .addHelpText('after', example(`${name} ann@example.com`))
    .action((user: string, { json }: { json?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) => {
        const { id } = await findAccount(auth, user);
        printAccount(await change(auth, id), { json });
      }),
    );
}

function example(words: string): string {
  return `\nExample:\n  npm run mesh -- user ${words}`;
}
