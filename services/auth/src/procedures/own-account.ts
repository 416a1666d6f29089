import type { Caller, UserIdentity } from '@arcadium/mesh/contract';
import { MeshError } from '@arcadium/mesh/wire';
import type { PasswordHasher } from '../domain/password.ts';
import { originOf } from '../stores/audit-log.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { LoginThrottle, ThrottledCall } from '../stores/login-throttle.ts';
import type { StoredUser, UserStore } from '../stores/user-store.ts';

/** What a call shows of who makes it. */
interface OwnCall extends ThrottledCall {
  caller: Caller & { user: UserIdentity };
  errors: { BAD_CREDENTIALS(data: object): MeshError };
  signal: AbortSignal;
}

/** With what somebody proves himself who has a token already. */
export interface ProofDeps {
  users: UserStore;
  hasher: PasswordHasher;
  throttle: LoginThrottle;
  audit: AuditStore;
}

/** One evaluation of a password or a code; unless it is said to be wrong, it does not count. */
export interface Proof extends AsyncDisposable {
  /** Counts it as a failed log-in, and records it. */
  failed(reason: 'wrong-password' | 'wrong-code'): Promise<void>;
}

/** A good token whose user is gone proves nothing any more. */
export function existing(user: StoredUser | undefined): StoredUser {
  if (!user) throw new MeshError('UNAUTHORIZED', 'The account of this token no longer exists');
  return user;
}

/**
 * Begins to evaluate what a user gives of whom a token is known.
 *
 * @throws MeshError TOO_MANY_REQUESTS after too many that were wrong, as for log-ins.
 */
export async function beginProof(
  { throttle, audit }: Pick<ProofDeps, 'throttle' | 'audit'>,
  call: Omit<OwnCall, 'errors'>,
  { id, email }: Pick<StoredUser, 'id' | 'email'>,
): Promise<Proof> {
  const attempt = await throttle.begin({ email, isLogIn: false }, call);
  return {
    failed(reason) {
      attempt.failed();
      return audit.add({ ...originOf(call), event: 'account.proof-failed', subject: id, detail: { reason } });
    },
    [Symbol.asyncDispose]: () => attempt[Symbol.asyncDispose](),
  };
}

/**
 * The account of the user who asks, when he has shown once more that he knows
 * its password: a token that somebody found is not enough for what this guards.
 * Wrong ones are throttled as failed log-ins are, by a count of their own.
 *
 * @throws MeshError BAD_CREDENTIALS; TOO_MANY_REQUESTS after too many wrong ones.
 */
export async function confirmedAccount(
  deps: ProofDeps,
  call: OwnCall,
  password: string,
): Promise<StoredUser> {
  const { caller, errors, signal } = call;
  const user = existing(await deps.users.findById(caller.user.id));
  await using proof = await beginProof(deps, call, user);
  if (await deps.hasher.matches(password, user.passwordHash, signal)) return user;
  await proof.failed('wrong-password');
  throw errors.BAD_CREDENTIALS({});
}
