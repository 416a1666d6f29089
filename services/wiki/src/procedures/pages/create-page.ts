import { sourceOf } from '@arcadium/mesh/server';
import { once } from '@arcadium/postgres/idempotency';
import { presentPage } from '../../presenters/page.ts';
import { insertPage, unlessSlugTaken } from '../../stores/page-writes.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function createPage({ sql, reader, now }: WikiDeps): WikiHandler<'pages.create'> {
  return async (call) => {
    const { input, caller, errors, claim, signal } = call;
    // Before the transaction: parsing takes time, and needs no connection.
    const content = await reader.read(input, { source: sourceOf(call), signal });
    const write = () =>
      once(sql, { claim, signal }, async (transaction) => {
        const change = { editorId: caller.user.id, now: now() };
        const result = await insertPage(transaction, { ...input, content }, change);
        if (result.outcome === 'saved') return presentPage(result.page);
        // Only a page with a parent can fail for it.
        throw errors.PARENT_NOT_FOUND({ parentId: input.parentId ?? '' });
      });
    return unlessSlugTaken(write, () => {
      throw errors.SLUG_TAKEN({ slug: input.slug });
    });
  };
}
