import { Option, type Command } from 'commander';
import { findAccount, printAccount, printAccounts, type Account } from './account.ts';
import { askSecret } from '../call/log-in.ts';
import { asAdministrator } from './administrator.ts';
import { atLeastOne } from './numbers.ts';

/** Most accounts in one answer of auth. */
const mostInPage = 100;

type ListOptions = { search?: string; role?: 'user' | 'admin'; limit: number; json?: boolean };

/** `user list [--search <text>] [--role <role>] [--limit <count>] [--json]`. */
export function userList(self: Command): Command {
  return self
    .option('--search <text>', 'only those with this in their email address or name')
    .addOption(new Option('--role <role>', 'only with this role').choices(['user', 'admin']))
    .option('--limit <count>', 'at most this many', atLeastOne, 100)
    .option('--json', 'as JSON, with all fields')
    .addHelpText(
      'after',
      `
Examples:
  npm run mesh -- user list --search example.com
  npm run mesh -- user list --role admin --json`,
    )
    .action(({ search, role, limit, json }: ListOptions, command: Command) =>
      asAdministrator(command, async (auth) => {
        const items: Account[] = [];
        let cursor: string | undefined;
        do {
          const page = await auth.users.list.query({
            limit: Math.min(limit - items.length, mostInPage),
            ...(search !== undefined && { search }),
            ...(role !== undefined && { role }),
            ...(cursor !== undefined && { cursor }),
          });
          items.push(...page.items);
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined && items.length < limit);
        printAccounts(items, { json });
        if (cursor !== undefined)
          console.error('There are more: narrow the list with --search, or raise --limit');
      }),
    );
}

/** `user show <user> [--json]`. */
export function userShow(self: Command): Command {
  return self
    .argument('<user>', 'their email address or id')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  npm run mesh -- user show ann@example.com')
    .action((user: string, { json }: { json?: boolean }, command: Command) =>
      asAdministrator(command, async (auth) => {
        const account = await findAccount(auth, user);
        printAccount(account, { json });
        if (json) return;
        const { active, lastUsedAt } = account.sessions;
        console.log(`\nactive sessions: ${active}${lastUsedAt ? `, last used ${lastUsedAt}` : ''}`);
      }),
    );
}

type CreateOptions = { name: string; role: 'user' | 'admin'; json?: boolean };

/** `user create <email> --name <name> [--role <role>] [--json]`. */
export function userCreate(self: Command): Command {
  return self
    .argument('<email>', 'the address that the user logs in with')
    .requiredOption('--name <name>', 'the name that other users see')
    .addOption(new Option('--role <role>', 'the role').choices(['user', 'admin']).default('user'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
The first password is asked for at the terminal, or is the next line of piped input.

Examples:
  npm run mesh -- user create ann@example.com --name Ann
  npm run mesh -- user create ben@example.com --name Ben --role admin < first-password.txt`,
    )
    .action((email: string, { name, role, json }: CreateOptions, command: Command) =>
      asAdministrator(command, async (auth) => {
        const password = await newPassword(email);
        printAccount(await auth.users.create.mutate({ email, name, role, password }), { json });
      }),
    );
}

/** Asks twice at a terminal, which does not show what is typed. */
async function newPassword(email: string): Promise<string> {
  const password = await askSecret('First password', email);
  if (process.stdin.isTTY && (await askSecret('Again, first password', email)) !== password)
    throw new Error('The two passwords differ; nothing was created');
  return password;
}
