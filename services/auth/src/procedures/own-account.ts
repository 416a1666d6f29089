import { MeshError, type Caller, type UserIdentity } from '@arcadium/mesh/contract';
import { originOf } from '../stores/audit-log.ts';
import type { ThrottledCall } from '../stores/login-throttle.ts';
import type { StoredUser } from '../stores/user-store.ts';
import type { AuthDeps } from './deps.ts';

/** What is needed of a call. */
interface OwnCall extends ThrottledCall {
  caller: Caller & { user: UserIdentity };
  errors: { BAD_CREDENTIALS(data: object): MeshError };
  signal: AbortSignal;
}

/** Dependencies for checking the password or code of a logged-in user. */
export type ProofDeps = Pick<AuthDeps, 'users' | 'hasher' | 'throttle' | 'audit'>;

/** One check of a password or a code. It counts as an attempt only if it is reported as failed. */
export interface Proof extends AsyncDisposable {
  /** Counts and records it as a failed log-in. */
  failed(reason: 'wrong-password' | 'wrong-code'): Promise<void>;
}

/** @throws MeshError UNAUTHORIZED if the user of a valid token no longer exists. */
export function existing(user: StoredUser | undefined): StoredUser {
  if (!user) throw new MeshError('UNAUTHORIZED', 'The account of this token no longer exists');
  return user;
}

/**
 * Starts to check the password or code of a logged-in user.
 *
 * @throws MeshError TOO_MANY_REQUESTS after too many failures, as for log-ins.
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
 * The account of the calling user, who has to enter the password again: a stolen token must not be enough
 * here. Failures are throttled like failed log-ins, with a separate counter.
 *
 * @throws MeshError BAD_CREDENTIALS; TOO_MANY_REQUESTS after too many failures.
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
