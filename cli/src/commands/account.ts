import type { AuthClient } from './administrator.ts';
import { failedWith } from './administrator.ts';
import { printList } from './print.ts';

/** An account as administrators see it. */
export type Account = Awaited<ReturnType<AuthClient['users']['list']['query']>>['items'][number];

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Finds an account.
 *
 * @param user Its email address or its id.
 * @throws Error with a message for the terminal, if there is none.
 */
export async function findAccount(auth: AuthClient, user: string) {
  if (!user.includes('@') && !uuid.test(user))
    throw new Error(`"${user}" is neither an email address nor the id of a user; see "user list --search"`);
  try {
    return await auth.users.find.query(user.includes('@') ? { email: user } : { id: user });
  } catch (error) {
    if (!failedWith('USER_NOT_FOUND', error)) throw error;
    throw new Error(`There is no user "${user}"; see "user list --search"`, { cause: error });
  }
}

/** Prints accounts in a table, or as JSON. */
export function printAccounts(
  accounts: readonly Account[],
  { json = false }: { json?: boolean | undefined },
) {
  if (json) {
    console.log(JSON.stringify(accounts, undefined, 2));
    return;
  }
  const rows = accounts.map((account) => ({ ...account, secondFactor: account.secondFactor ? 'on' : 'off' }));
  const columns = ['id', 'email', 'name', 'role', 'secondFactor', 'createdAt', 'disabledAt'] as const;
  printList(rows, columns, {});
}

/** Prints one account, with all that is given, or as JSON. */
export function printAccount(account: Account, { json = false }: { json?: boolean | undefined }): void {
  if (json) console.log(JSON.stringify(account, undefined, 2));
  else printAccounts([account], {});
}
