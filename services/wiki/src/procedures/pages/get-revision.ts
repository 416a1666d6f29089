import { presentRevision } from '../../presenters/revision.ts';
import { pageExists } from '../../stores/pages.ts';
import { findRevision } from '../../stores/revisions.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function getRevision({ database }: WikiDeps): WikiHandler<'pages.revision'> {
  return async ({ input: { id, revision }, errors }) => {
    if (!(await pageExists(database, id))) throw errors.PAGE_NOT_FOUND({});
    const row = await findRevision(database, id, revision);
    if (!row) throw errors.REVISION_NOT_FOUND({ revision });
    return { ...presentRevision(row), body: row.body };
  };
}
