import { presentPage } from '../../presenters/page.ts';
import { findRevision } from '../../stores/revisions.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { editPage } from './edit-page.ts';

export function revertPage(deps: WikiDeps): WikiHandler<'pages.revert'> {
  return ({ input, caller, errors, claim, signal }) => {
    const { id, revision, to } = input;
    return editPage(
      deps,
      {
        id,
        revision,
        editor: caller.user,
        call: { claim, signal },
        kind: 'reverted',
        async changes() {
          const earlier = await findRevision(deps.database, id, to);
          if (!earlier) throw errors.REVISION_NOT_FOUND({ revision: to });
          return { title: earlier.title, body: earlier.body };
        },
        present: presentPage,
      },
      errors,
    );
  };
}
