import { presentSummary } from '../../presenters/page.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { editPage } from './edit-page.ts';

export function movePage(deps: WikiDeps): WikiHandler<'pages.move'> {
  return ({ input, caller, errors, claim, signal }) => {
    const { id, revision, slug, parentId } = input;
    return editPage(
      deps,
      {
        id,
        revision,
        editor: caller.user,
        call: { claim, signal },
        kind: 'moved',
        changes: (current) => ({
          slug: slug ?? current.slug,
          // Null is a valid parent: the root.
          parentId: parentId === undefined ? current.parentId : parentId,
        }),
        present: presentSummary,
      },
      errors,
    );
  };
}
