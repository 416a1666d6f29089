import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/** Mutes exactly these topics. */
export function setPreferences({
  stores: { preferences },
}: NotificationDeps): NotificationHandler<'preferences.set'> {
  return async ({ input, caller }) => {
    const muted = [...new Set(input.muted)];
    await preferences.mute(caller.user.id, muted);
    return { muted };
  };
}
