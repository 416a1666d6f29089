import { clip, oneLine } from './clip.ts';

/** What a user is told, as the notification service takes it; without whom it is for. */
export interface Notice {
  readonly topic: 'comment' | 'reply' | 'page';
  readonly title: string;
  readonly body: string;
  /** A path of the wiki, as `/pages/readme`. */
  readonly link: string;
}

/** The page that something happened to. */
export type NoticePage = Readonly<{ slug: string; title: string }>;

/** What can happen to a page that its watchers are told. */
export type PageChange = 'changed' | 'moved' | 'reverted' | 'deleted' | 'restored';

/** The notification service's own limits are 200 and 2000 characters. */
const longestTitle = 200;
const longestBody = 500;

const changeWords = {
  changed: 'changed',
  moved: 'moved',
  reverted: 'reverted changes of',
  deleted: 'deleted',
  restored: 'restored',
} as const satisfies Record<PageChange, string>;

/** Tells of a change of a page. `who` is the name of who made it. */
export function pageNotice(who: string, change: PageChange, page: NoticePage): Notice {
  const title = titled(who, changeWords[change], page);
  const where = change === 'deleted' ? `It was at ${page.slug}.` : `It is at ${page.slug}.`;
  return { topic: 'page', title, body: where, link: linkTo(page) };
}

/** Tells of a comment, or of the answer to somebody's own comment. `who` is the name of its author. */
export function commentNotice(
  who: string,
  topic: 'comment' | 'reply',
  about: { page: NoticePage; comment: { id: string; body: string } },
): Notice {
  const { page, comment } = about;
  return {
    topic,
    title: titled(who, topic === 'reply' ? 'answered you on' : 'commented on', page),
    body: clip(comment.body.trim(), longestBody),
    link: commentLink(page, comment.id),
  };
}

/** Where a comment can be read. */
export function commentLink(page: Pick<NoticePage, 'slug'>, commentId: string): string {
  return `${linkTo(page)}#comment-${commentId}`;
}

function titled(who: string, did: string, page: NoticePage): string {
  return clip(oneLine(`${clip(who, 60)} ${did} “${clip(page.title, 100)}”`), longestTitle);
}

function linkTo({ slug }: Pick<NoticePage, 'slug'>): string {
  return `/pages/${slug}`;
}
