import type { MeshError } from '@arcadium/mesh/contract';
import { presentAccount } from '../../presenters/account.ts';
import type { Administered } from '../../stores/administration-store.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function setRole({ administration, now }: AuthDeps): AuthHandler<'users.setRole'> {
  return async (call) => {
    const { id, role } = call.input;
    const change = { userId: id, at: now(), origin: originOf(call) };
    return presentDone(id, await administration.setRole(role, change), call.errors);
  };
}

export function disableUser({ administration, now }: AuthDeps): AuthHandler<'users.disable'> {
  return async (call) => {
    const { id } = call.input;
    const change = { userId: id, at: now(), origin: originOf(call) };
    return presentDone(id, await administration.disable(change), call.errors);
  };
}

export function enableUser({ administration, now }: AuthDeps): AuthHandler<'users.enable'> {
  return async (call) => {
    const { id } = call.input;
    const change = { userId: id, at: now(), origin: originOf(call) };
    const user = await administration.enable(change);
    if (!user) throw call.errors.USER_NOT_FOUND({ id });
    return presentAccount(user);
  };
}

/** Not one's own: a stolen access token must not be enough to remove the second factor of its user. */
export function resetSecondFactor({ administration, now }: AuthDeps): AuthHandler<'users.resetSecondFactor'> {
  return async (call) => {
    const { id } = call.input;
    if (id === call.caller.user.id) throw call.errors.OWN_SECOND_FACTOR({});
    const user = await administration.resetSecondFactor({ userId: id, at: now(), origin: originOf(call) });
    if (!user) throw call.errors.USER_NOT_FOUND({ id });
    return presentAccount(user);
  };
}

export function endSessionsOf({ administration, now }: AuthDeps): AuthHandler<'users.endSessions'> {
  return async (call) => {
    const { id } = call.input;
    const sessionsEnded = await administration.endSessions({ userId: id, at: now(), origin: originOf(call) });
    if (sessionsEnded === undefined) throw call.errors.USER_NOT_FOUND({ id });
    return { sessionsEnded };
  };
}

function presentDone(
  id: string,
  administered: Administered,
  errors: Record<'USER_NOT_FOUND' | 'LAST_ADMINISTRATOR', (data: { id: string }) => MeshError>,
) {
  if (administered.outcome === 'done') return presentAccount(administered.user);
  throw administered.outcome === 'not-found'
    ? errors.USER_NOT_FOUND({ id })
    : errors.LAST_ADMINISTRATOR({ id });
}
