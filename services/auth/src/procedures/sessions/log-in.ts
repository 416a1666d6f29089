import { needsRehash, type Place } from '../../domain/password.ts';
import { newRefreshToken } from '../../domain/refresh-token.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { Begun } from '../../stores/session-store.ts';
import type { StoredUser } from '../../stores/user-store.ts';
import { sessionTokens } from './session-tokens.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

type Handler = AuthHandler<'sessions.login'>;
type Call = Parameters<Handler>[0];

type Deps = Pick<AuthDeps, 'users' | 'sessions' | 'passwords' | 'hasher' | 'throttle' | 'signer' | 'now'>;

/** The outcome of an attempt, and its account. */
type Attempt =
  | (Extract<Begun, { outcome: 'begun' }> & { refreshToken: string; at: Date })
  | { outcome: 'refused'; reason: Reason; userId: string | undefined };
type Reason = Extract<Begun, { outcome: 'refused' }>['reason'] | 'unknown-address';

/**
 * Exchanges an email address and a password for tokens. A wrong password and an unknown address look the
 * same.
 */
export function logIn(deps: Deps): Handler {
  return async (call) => {
    // Without a place, the attempt is not counted; and nothing is checked before it is counted.
    using place = deps.hasher.keepPlace();
    await using counted = await deps.throttle.begin({ email: call.input.email, isLogIn: true }, call);
    const attempt = await evaluate(deps, call, place);
    if (attempt.outcome === 'refused') {
      // A missing code does not reset the counter either: a caller with the password must not be able to
      // guess codes without limit.
      if (attempt.reason !== 'code-needed') counted.failed();
      return await refuse(deps, call, attempt);
    }
    await counted.succeeded();
    const { user, session, refreshToken, at } = attempt;
    call.log.info({ user_id: user.id, session_id: session.id }, 'a user logged in');
    renewHash(deps, call, user);
    return await sessionTokens(attempt, refreshToken, { signer: deps.signer(), at });
  };
}

/** Checks password and code, and starts a session if both are right. */
async function evaluate({ users, sessions, now }: Deps, call: Call, place: Place): Promise<Attempt> {
  const { email, password, code } = call.input;
  const user = await users.findByEmail(email);
  const matches = await place.matches(password, user?.passwordHash, call.signal);
  if (!user) return { outcome: 'refused', reason: 'unknown-address', userId: undefined };
  if (!matches) return { outcome: 'refused', reason: 'wrong-password', userId: user.id };
  // After the check, because hashing may have had to wait.
  const at = now();
  const refreshToken = newRefreshToken();
  const begun = await sessions.begin({ user, code, refreshToken, at, request: call });
  return begun.outcome === 'begun' ? { ...begun, refreshToken, at } : { ...begun, userId: user.id };
}

/**
 * Records the failure and throws its error. A missing code is not recorded: the password was right, and no
 * code was tried.
 */
async function refuse(
  { sessions }: Deps,
  call: Call,
  { reason, userId }: Extract<Attempt, { outcome: 'refused' }>,
): Promise<never> {
  if (reason === 'code-needed') throw call.errors.CODE_NEEDED({});
  await sessions.recordFailure(userId, reason, originOf(call));
  throw reason === 'wrong-code' ? call.errors.BAD_CODE({}) : call.errors.BAD_CREDENTIALS({});
}

/** Replaces a hash with outdated parameters in the background, now that the password is known. */
function renewHash({ hasher, passwords }: Deps, call: Call, { id, passwordHash }: StoredUser): void {
  if (!needsRehash(passwordHash)) return;
  const { password } = call.input;
  call.inBackground(async () => passwords.upgrade(id, passwordHash, await hasher.hash(password)));
}
