import { presentPage } from '../../presenters/page.ts';
import { findRevision } from '../../stores/revisions.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { editPage } from './edit-page.ts';

export function revertPage(deps: WikiDeps): WikiHandler<'pages.revert'> {
  return async ({ input, caller, errors, signal }) => {
    const { id, revision, to } = input;
    const page = await editPage(
      deps,
      {
        id,
        revision,
        editor: caller.user,
        signal,
        kind: 'reverted',
        async changes() {
          const earlier = await findRevision(deps.database, id, to);
          if (!earlier) throw errors.REVISION_NOT_FOUND({ revision: to });
          return { title: earlier.title, body: earlier.body };
        },
      },
      errors,
    );
    return presentPage(page);
  };
}
