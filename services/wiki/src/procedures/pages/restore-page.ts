import { MeshError } from '@arcadium/mesh/contract';
import { mayBinPage } from '../../domain/authorship.ts';
import { pageNotice } from '../../domain/notice.ts';
import { presentSummary } from '../../presenters/page.ts';
import { restorePage as takeOut } from '../../stores/page-writes.ts';
import { findSummary } from '../../stores/pages.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function restorePage({ database, now }: WikiDeps): WikiHandler<'pages.restore'> {
  return async ({ input, caller: { user }, errors }) => {
    const page = await findSummary(database, input.id);
    if (!page) throw errors.PAGE_NOT_FOUND({});
    if (!mayBinPage(user, page)) {
      throw new MeshError('FORBIDDEN', 'Only its author or an administrator may restore a page');
    }
    const notice = pageNotice(user.name, 'restored', page);
    const result = await takeOut(database, page.id, { editorId: user.id, now: now(), notice });
    if (result.outcome === 'slug-taken') throw errors.SLUG_TAKEN({ slug: page.slug });
    if (!result.page) throw errors.PAGE_NOT_FOUND({});
    return presentSummary(result.page);
  };
}
