import { withLineFeeds } from '@arcadium/contracts/wiki';
import { sourceOf } from '@arcadium/mesh/server';
import { pageExists } from '../../stores/pages.ts';
import { findRevision } from '../../stores/revisions.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function diffRevisions({ database, reader }: WikiDeps): WikiHandler<'pages.diff'> {
  return async (call) => {
    const { errors, signal } = call;
    const { id, from, to } = call.input;
    if (!(await pageExists(database, id))) throw errors.PAGE_NOT_FOUND({});
    const find = async (revision: number) => {
      const row = await findRevision(database, id, revision);
      if (!row) throw errors.REVISION_NOT_FOUND({ revision });
      // Revisions from an earlier version of the service may have other line endings, which do not count as
      // changes.
      return { ...row, body: withLineFeeds(row.body) };
    };
    const [before, after] = await Promise.all([find(from), find(to)]);
    return reader.diff(before, after, { source: sourceOf(call), signal });
  };
}
