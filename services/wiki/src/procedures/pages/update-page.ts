import { presentPage } from '../../presenters/page.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { editPage } from './edit-page.ts';

export function updatePage(deps: WikiDeps): WikiHandler<'pages.update'> {
  return async ({ input, caller, errors, signal }) => {
    const { id, revision, title, body } = input;
    const page = await editPage(
      deps,
      {
        id,
        revision,
        editor: caller.user,
        signal,
        kind: 'changed',
        changes: (current) => ({ title: title ?? current.title, body: body ?? current.body }),
      },
      errors,
    );
    return presentPage(page);
  };
}
