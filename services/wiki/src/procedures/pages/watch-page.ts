import { pageExists } from '../../stores/pages.ts';
import { addWatcher, removeWatcher } from '../../stores/watchers.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function watchPage({ database }: WikiDeps): WikiHandler<'pages.watch'> {
  return async ({ input: { id }, caller, errors }) => {
    if (!(await pageExists(database, id))) throw errors.PAGE_NOT_FOUND({});
    await addWatcher(database, id, caller.user.id);
    return { watching: true };
  };
}

export function unwatchPage({ database }: WikiDeps): WikiHandler<'pages.unwatch'> {
  // Also works for a deleted page, so that users can stop notifications before it is restored.
  return async ({ input: { id }, caller }) => {
    await removeWatcher(database, id, caller.user.id);
    return { watching: false };
  };
}
