import { MeshError } from '@arcadium/mesh/contract';
import { mayBinPage } from '../../domain/authorship.ts';
import { pageNotice } from '../../domain/notice.ts';
import { presentSummary } from '../../presenters/page.ts';
import { binPage } from '../../stores/page-writes.ts';
import { findSummary } from '../../stores/pages.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function deletePage({ database, now }: WikiDeps): WikiHandler<'pages.delete'> {
  return async ({ input, caller: { user }, errors }) => {
    const page = await findSummary(database, input.id);
    if (!page) throw errors.PAGE_NOT_FOUND({});
    if (!mayBinPage(user, page)) {
      throw new MeshError('FORBIDDEN', 'Only its author or an administrator may delete a page');
    }
    const notice = pageNotice(user.name, 'deleted', page);
    const binned = await binPage(database, page.id, { editorId: user.id, now: now(), notice });
    if (!binned) throw errors.PAGE_NOT_FOUND({});
    return presentSummary(binned);
  };
}
