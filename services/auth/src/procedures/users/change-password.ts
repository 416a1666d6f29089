import { originOf } from '../../stores/audit-log.ts';
import { confirmedAccount } from '../own-account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Changes the password of the calling user; their other sessions end. */
export function changePassword(deps: AuthDeps): AuthHandler<'users.changePassword'> {
  const { passwords, policy, hasher, now } = deps;
  return async (call) => {
    const { input, errors, signal, caller, log } = call;
    const user = await confirmedAccount(deps, call, input.currentPassword);
    const refusal = await policy.refusalOf(input.newPassword, user);
    if (refusal) throw errors.PASSWORD_REFUSED(refusal);
    if (await wasUsedBefore(deps, { userId: user.id, password: input.newPassword, signal })) {
      throw errors.PASSWORD_REFUSED({ reason: 'reused' });
    }
    const passwordHash = await hasher.hash(input.newPassword, signal);
    const changed = await passwords.change({
      user,
      passwordHash,
      keepSession: caller.user.sessionId,
      at: now(),
      origin: originOf(call),
    });
    // The password was changed in between: the given one is no longer the current one.
    if (changed.outcome === 'overtaken') throw errors.BAD_CREDENTIALS({});
    log.info({ user_id: user.id, sessions_ended: changed.sessionsEnded }, 'a password was changed');
    return { sessionsEnded: changed.sessionsEnded };
  };
}

/** One after the other: five at once would take a tenth of all places. */
async function wasUsedBefore(
  { passwords, hasher }: AuthDeps,
  { userId, password, signal }: { userId: string; password: string; signal: AbortSignal },
): Promise<boolean> {
  for (const hash of await passwords.recent(userId)) {
    if (await hasher.matches(password, hash, signal)) return true;
  }
  return false;
}
