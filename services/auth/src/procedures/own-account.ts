import type { UserIdentity } from '@arcadium/mesh/contract';
import { MeshError } from '@arcadium/mesh/wire';
import type { PasswordHasher } from '../domain/password.ts';
import type { StoredUser, UserStore } from '../stores/user-store.ts';

/** What a call shows of who makes it. */
interface OwnCall {
  caller: { user: UserIdentity };
  errors: { BAD_CREDENTIALS(data: object): MeshError };
  signal: AbortSignal;
}

/** A good token whose user is gone proves nothing any more. */
export function existing(user: StoredUser | undefined): StoredUser {
  if (!user) throw new MeshError('UNAUTHORIZED', 'The account of this token no longer exists');
  return user;
}

/**
 * The account of the user who asks, when he has shown once more that he knows
 * its password: a token that somebody found is not enough for what this guards.
 *
 * @throws MeshError BAD_CREDENTIALS.
 */
export async function confirmedAccount(
  { users, hasher }: { users: UserStore; hasher: PasswordHasher },
  { caller, errors, signal }: OwnCall,
  password: string,
): Promise<StoredUser> {
  const user = existing(await users.findById(caller.user.id));
  if (!(await hasher.matches(password, user.passwordHash, signal))) throw errors.BAD_CREDENTIALS({});
  return user;
}
