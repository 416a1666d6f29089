import { MeshError } from '@arcadium/mesh/wire';
import type { UserIdentity } from '@arcadium/mesh/contract';
import { pageNotice, type PageChange } from '../../domain/notice.ts';
import { findPage, type PageRow } from '../../stores/pages.ts';
import { savePage, type PageText } from '../../stores/page-writes.ts';
import type { WikiDeps, WikiErrors } from '../deps.ts';

/** One change of a page, based on the revision that its editor saw. */
export interface Edit {
  readonly id: string;
  readonly revision: number;
  readonly editor: UserIdentity;
  /** Fires when the editor does not wait any more. */
  readonly signal: AbortSignal;
  readonly kind: PageChange;
  /** What becomes different about the page. */
  changes(current: PageRow): Partial<PageText> | Promise<Partial<PageText>>;
}

/** Every error that the change of a page can have; a procedure whose contract has fewer cannot run into the rest. */
export type EditErrors = WikiErrors<'pages.update'> & Partial<WikiErrors<'pages.move'>>;

/**
 * Changes a page unless somebody else did meanwhile. A change that changes
 * nothing makes no revision, and nobody is told.
 *
 * @throws MeshError PAGE_NOT_FOUND, EDIT_CONFLICT, SLUG_TAKEN, PARENT_NOT_FOUND,
 * or UNPROCESSABLE_CONTENT where the page would stand below itself.
 */
export async function editPage(deps: WikiDeps, edit: Edit, errors: EditErrors): Promise<PageRow> {
  const { database, reader, now } = deps;
  const current = await findPage(database, { id: edit.id });
  if (!current) throw errors.PAGE_NOT_FOUND({});
  if (current.revision !== edit.revision) throw errors.EDIT_CONFLICT({ currentRevision: current.revision });
  const next = apply(current, await edit.changes(current));
  if (isSame(current, next)) return current;
  // Again even where only the address changes: links are relative to it.
  const content = await reader.read(next);
  // Reading takes its time: what nobody waits for any more is not written behind the editor's back.
  edit.signal.throwIfAborted();
  const notice = pageNotice(edit.editor.name, edit.kind, next);
  const change = { editorId: edit.editor.id, now: now(), notice };
  const result = await savePage(database, { current, next, content }, change);
  if (result.outcome === 'saved') return result.page;
  throw refusal(result, next, errors);
}

function apply(current: PageRow, changes: Partial<PageText>): PageText {
  const { slug, title, body, parentId } = { ...current, ...changes };
  return { slug, title, body, parentId };
}

function isSame(current: PageRow, next: PageText): boolean {
  return (
    current.slug === next.slug &&
    current.title === next.title &&
    current.body === next.body &&
    current.parentId === next.parentId
  );
}

type Refusal = Exclude<Awaited<ReturnType<typeof savePage>>, { outcome: 'saved' }>;

function refusal(result: Refusal, next: PageText, errors: EditErrors): Error {
  const { outcome } = result;
  if (outcome === 'page-missing') return errors.PAGE_NOT_FOUND({});
  if (outcome === 'conflict') return errors.EDIT_CONFLICT({ currentRevision: result.currentRevision });
  if (outcome === 'circle') return new MeshError('UNPROCESSABLE_CONTENT', 'A page cannot stand below itself');
  const named =
    outcome === 'slug-taken'
      ? errors.SLUG_TAKEN?.({ slug: next.slug })
      : errors.PARENT_NOT_FOUND?.({ parentId: next.parentId ?? '' });
  return named ?? new Error(`${outcome}, though neither address nor parent was to change`);
}
