import { presentPage } from '../../presenters/page.ts';
import { findPage } from '../../stores/pages.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function getPage({ database }: WikiDeps): WikiHandler<'pages.get'> {
  return async ({ input, errors }) => {
    const page = await findPage(database, input);
    if (!page) throw errors.PAGE_NOT_FOUND({});
    return presentPage(page);
  };
}
