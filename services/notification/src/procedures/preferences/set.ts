import type { notificationContract } from '@arcadium/contracts/notification';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { Stores } from '../../stores/stores.ts';

/** Mutes exactly these topics. */
export function setPreferences({
  preferences,
}: Pick<Stores, 'preferences'>): HandlerOf<typeof notificationContract, 'preferences.set'> {
  return async ({ input, caller }) => {
    const muted = [...new Set(input.muted)];
    await preferences.mute(caller.user.id, muted);
    return { muted };
  };
}
