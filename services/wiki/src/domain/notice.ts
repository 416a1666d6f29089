import { clip, oneLine } from './clip.ts';

/** A notification without its recipients. */
export interface Notice {
  readonly topic: 'comment' | 'reply' | 'page';
  readonly title: string;
  readonly body: string;
  /** A path of the wiki, such as `/pages/readme`. */
  readonly link: string;
}

/** The page that the notification is about. */
export type NoticePage = Readonly<{ slug: string; title: string }>;

/** Changes of a page that its watchers are notified of. */
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

/** The notification about a change of a page. @param who The name of the user who made it. */
export function pageNotice(who: string, change: PageChange, page: NoticePage): Notice {
  const title = titled(who, changeWords[change], page);
  const where = change === 'deleted' ? `It was at ${page.slug}.` : `It is at ${page.slug}.`;
  return { topic: 'page', title, body: where, link: linkTo(page) };
}

/**
 * The notification about a comment, or about an answer to the recipient's comment.
 *
 * @param who The name of its author.
 */
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

/** The link to a comment. */
export function commentLink(page: Pick<NoticePage, 'slug'>, commentId: string): string {
  return `${linkTo(page)}#comment-${commentId}`;
}

function titled(who: string, did: string, page: NoticePage): string {
  return clip(oneLine(`${clip(who, 60)} ${did} “${clip(page.title, 100)}”`), longestTitle);
}

function linkTo({ slug }: Pick<NoticePage, 'slug'>): string {
  return `/pages/${slug}`;
}
