import { withLineFeeds } from '@arcadium/contracts/wiki';
import { MeshError, type UserIdentity } from '@arcadium/mesh/contract';
import { sourceOf, unknownPeer } from '@arcadium/mesh/server';
import { once, type FromJson, type KeyedCall } from '@arcadium/postgres/idempotency';
import { pageNotice, type PageChange } from '../../domain/notice.ts';
import type { PageContent } from '../../domain/page-content.ts';
import { findPage, type PageRow } from '../../stores/pages.ts';
import { savePage, unlessSlugTaken, type PageText, type SaveOutcome } from '../../stores/page-writes.ts';
import type { WikiDeps, WikiErrors } from '../deps.ts';

/** A change of a page, based on a revision. */
export interface Edit<Answer> {
  readonly id: string;
  readonly revision: number;
  readonly editor: UserIdentity;
  /** The call that makes the change. */
  readonly call: KeyedCall & { readonly signal: AbortSignal };
  readonly kind: PageChange;
  /** The fields to change. */
  changes(current: PageRow): Partial<PageText> | Promise<Partial<PageText>>;
  /** The answer, from the changed page. */
  present(page: PageRow): Answer;
}

/** All errors of a page change; procedures whose contract has fewer cannot cause the others. */
export type EditErrors = WikiErrors<'pages.update'> & Partial<WikiErrors<'pages.move'>>;

/** A page before and after a change; without content if that stays the same. */
type Draft = { current: PageRow; next: PageText; content: PageContent | undefined };

/**
 * Changes a page unless it has changed meanwhile, once for the call's key. A change without effect creates no
 * revision and no notifications.
 *
 * @throws MeshError PAGE_NOT_FOUND, EDIT_CONFLICT, SLUG_TAKEN, PARENT_NOT_FOUND, or UNPROCESSABLE_CONTENT if
 * the page would be below itself.
 */
export async function editPage<Answer>(
  deps: WikiDeps,
  edit: Edit<Answer>,
  errors: EditErrors,
): Promise<FromJson<Answer>> {
  // Before the transaction: parsing takes time, and needs no connection. Its failure counts only after the
  // key is checked, because an earlier attempt of the same call may have made the change.
  const [drafted] = await Promise.allSettled([draft(deps, edit, errors)]);
  const write = () =>
    once(deps.sql, edit.call, async (transaction) => {
      if (drafted.status === 'rejected') throw drafted.reason;
      const { current, next, content } = drafted.value;
      if (!content) return edit.present(current);
      const notice = pageNotice(edit.editor.name, edit.kind, next);
      const change = { editorId: edit.editor.id, now: deps.now(), notice };
      const result = await savePage(transaction, { current, next, content }, change);
      if (result.outcome === 'saved') return edit.present(result.page);
      throw refusal(result, next, errors);
    });
  return unlessSlugTaken(write, () => {
    const slug = drafted.status === 'fulfilled' ? drafted.value.next.slug : '';
    throw errors.SLUG_TAKEN?.({ slug }) ?? unexpected('slug-taken');
  });
}

async function draft<Answer>(
  { database, reader }: WikiDeps,
  edit: Edit<Answer>,
  errors: EditErrors,
): Promise<Draft> {
  const current = await findPage(database, { id: edit.id });
  if (!current) throw errors.PAGE_NOT_FOUND({});
  if (current.revision !== edit.revision) throw errors.EDIT_CONFLICT({ currentRevision: current.revision });
  const next = apply(current, await edit.changes(current));
  const source = sourceOf({ caller: { user: edit.editor, service: undefined }, peer: unknownPeer });
  const read = () => reader.read(next, { source, signal: edit.call.signal });
  // Parsed again even if only the address changes: links are relative to it.
  return { current, next, content: isSame(current, next) ? undefined : await read() };
}

function apply(current: PageRow, changes: Partial<PageText>): PageText {
  const { slug, title, body, parentId } = { ...current, ...changes };
  // A revision from an earlier version of the service may have other line endings.
  return { slug, title, body: withLineFeeds(body), parentId };
}

function isSame(current: PageRow, next: PageText): boolean {
  return (
    current.slug === next.slug &&
    current.title === next.title &&
    withLineFeeds(current.body) === next.body &&
    current.parentId === next.parentId
  );
}

type Refusal = Exclude<SaveOutcome, { outcome: 'saved' }>;

function refusal(result: Refusal, next: PageText, errors: EditErrors): Error {
  const { outcome } = result;
  if (outcome === 'page-missing') return errors.PAGE_NOT_FOUND({});
  if (outcome === 'conflict') return errors.EDIT_CONFLICT({ currentRevision: result.currentRevision });
  if (outcome === 'circle') return new MeshError('UNPROCESSABLE_CONTENT', 'A page cannot stand below itself');
  return errors.PARENT_NOT_FOUND?.({ parentId: next.parentId ?? '' }) ?? unexpected(outcome);
}

function unexpected(outcome: string): Error {
  return new Error(`${outcome}, although neither address nor parent was changed`);
}
