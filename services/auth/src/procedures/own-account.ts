import type { UserIdentity } from '@arcadium/mesh/contract';
import { MeshError } from '@arcadium/mesh/wire';
import type { PasswordHasher } from '../domain/password.ts';
import type { LoginThrottle, ThrottledCall } from '../stores/login-throttle.ts';
import type { StoredUser, UserStore } from '../stores/user-store.ts';

/** What a call shows of who makes it. */
interface OwnCall extends ThrottledCall {
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
 * Wrong ones count as failed log-ins do.
 *
 * @throws MeshError BAD_CREDENTIALS; TOO_MANY_REQUESTS after too many wrong ones.
 */
export async function confirmedAccount(
  { users, hasher, throttle }: { users: UserStore; hasher: PasswordHasher; throttle: LoginThrottle },
  call: OwnCall,
  password: string,
): Promise<StoredUser> {
  const { caller, errors, signal } = call;
  const user = existing(await users.findById(caller.user.id));
  await using attempt = await throttle.begin({ email: user.email, countsForAddress: false }, call);
  if (await hasher.matches(password, user.passwordHash, signal)) return user;
  attempt.failed();
  throw errors.BAD_CREDENTIALS({});
}
