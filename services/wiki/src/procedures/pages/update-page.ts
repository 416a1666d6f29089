import { presentPage } from '../../presenters/page.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { editPage } from './edit-page.ts';

export function updatePage(deps: WikiDeps): WikiHandler<'pages.update'> {
  return ({ input, caller, errors, claim, signal }) => {
    const { id, revision, title, body } = input;
    return editPage(
      deps,
      {
        id,
        revision,
        editor: caller.user,
        call: { claim, signal },
        kind: 'changed',
        changes: (current) => ({ title: title ?? current.title, body: body ?? current.body }),
        present: presentPage,
      },
      errors,
    );
  };
}
