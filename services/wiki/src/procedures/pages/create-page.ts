import { presentPage } from '../../presenters/page.ts';
import { insertPage } from '../../stores/page-writes.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function createPage({ database, reader, now }: WikiDeps): WikiHandler<'pages.create'> {
  return async ({ input, caller, errors, signal }) => {
    const content = await reader.read(input);
    // Reading takes its time: what nobody waits for any more is not written behind his back.
    signal.throwIfAborted();
    const result = await insertPage(
      database,
      { ...input, content },
      { editorId: caller.user.id, now: now() },
    );
    if (result.outcome === 'saved') return presentPage(result.page);
    if (result.outcome === 'slug-taken') throw errors.SLUG_TAKEN({ slug: input.slug });
    // Only a page that names a parent can miss it.
    throw errors.PARENT_NOT_FOUND({ parentId: input.parentId ?? '' });
  };
}
