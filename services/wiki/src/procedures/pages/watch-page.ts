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
  // Also of a page in the bin: who wants to be told no more is not to wait for it to be restored.
  return async ({ input: { id }, caller }) => {
    await removeWatcher(database, id, caller.user.id);
    return { watching: false };
  };
}
