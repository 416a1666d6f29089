import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract, type Notification } from '@arcadium/contracts/notification';
import { wikiContract, type Comment, type Page } from '@arcadium/contracts/wiki';
import { connect, isCallError } from '@arcadium/mesh/client';
import { commandTls } from '../tls.ts';
import { commandLog } from '../command-log.ts';
import type { Document } from './documents.ts';
import type { Narrator } from './narrator.ts';

/** Addresses of the services, each with all of its endpoints. */
export interface Addresses {
  auth: readonly string[];
  wiki: readonly string[];
  notification: readonly string[];
}

const log = commandLog('demo');

/** Logs a user in and connects to all services as that user. */
async function logIn(name: string, to: Addresses, tell: Narrator) {
  const email = `${name}-${randomBytes(4).toString('hex')}@example.com`;
  const password = randomBytes(16).toString('base64url');
  const stranger = connect(authContract, { as: 'anyone', url: to.auth, tls: commandTls(), log });
  const who = name;
  await tell.call(
    { who, whom: 'auth', procedure: 'users.register' },
    () => stranger.users.register.mutate({ email, name, password }),
    ({ id }) => `account ${id}`,
  );
  const session = await tell.call(
    { who, whom: 'auth', procedure: 'sessions.login' },
    () => stranger.sessions.login.mutate({ email, password }),
    ({ expiresAt }) => `access token until ${expiresAt.slice(11, 16)} UTC`,
  );
  const options = { as: 'user' as const, token: session.accessToken, tls: commandTls(), log };
  const user = {
    name,
    session,
    auth: connect(authContract, { ...options, url: to.auth }),
    wiki: connect(wikiContract, { ...options, url: to.wiki }),
    notification: connect(notificationContract, { ...options, url: to.notification }),
  };
  await tell.call(
    { who, whom: 'auth', procedure: 'users.me' },
    () => user.auth.users.me.query(),
    (me) => `${me.name} <${me.email}>`,
  );
  return user;
}

type User = Awaited<ReturnType<typeof logIn>>;

/**
 * Tells the story of all three services. Its pages and users are new each time, so it can be repeated.
 *
 * @throws Error at the first failed check.
 */
export async function tellStory(
  to: Addresses,
  documents: readonly Document[],
  tell: Narrator,
): Promise<void> {
  tell.chapter('Two users register and log in');
  const ann = await logIn('ann', to, tell);
  const ben = await logIn('ben', to, tell);

  tell.chapter('Ann publishes the documents of this repository');
  const pages = await publish(ann, documents, tell);
  await followLinks(ann, pages, tell);

  tell.chapter('Ben comments on one, and Ann is notified');
  const question = await comment({ ann, ben, page: pages[0] }, tell);

  tell.chapter('Ann answers, and the wiki marks the notification as read for her');
  await answerComment(ann, question, tell);

  tell.chapter('Ben searches the pages');
  await search(ben, pages, tell);

  tell.chapter('Ann logs out, and every service refuses her tokens');
  await logOut(ann, to, tell);
}

async function publish(ann: User, documents: readonly Document[], tell: Narrator): Promise<Page[]> {
  const pages: Page[] = [];
  for (const { slug, title, body } of documents) {
    const page = await tell.call(
      { who: ann.name, whom: 'wiki', procedure: 'pages.create' },
      () => ann.wiki.pages.create.mutate({ slug, title, body }),
      (made) => `${made.slug} (${made.body.length} characters)`,
    );
    pages.push(page);
  }
  tell.check(pages.length === documents.length, `all ${documents.length} documents are pages`);
  return pages;
}

async function followLinks(ann: User, pages: readonly Page[], tell: Narrator): Promise<void> {
  const slugs = new Set(pages.map(({ slug }) => slug));
  const broken: string[] = [];
  for (const { id, slug } of pages) {
    const { items } = await tell.call(
      { who: ann.name, whom: 'wiki', procedure: 'links.broken' },
      () => ann.wiki.links.broken.query({ pageId: id, limit: 100 }),
      (answer) => `${answer.items.length} in ${slug}`,
    );
    broken.push(...items.map(({ target }) => target));
  }
  tell.check(broken.length > 0, `${broken.length} links lead to files that are not pages: counted as broken`);
  tell.check(!broken.some((target) => slugs.has(target)), 'none of them leads to an existing page');
  const target = pages.find(({ slug }) => slug.endsWith('docs/architecture'))?.slug ?? '';
  const { items } = await tell.call(
    { who: ann.name, whom: 'wiki', procedure: 'links.backlinks' },
    () => ann.wiki.links.backlinks.query({ slug: target }),
    (answer) => `${answer.items.length} pages link to ${target}`,
  );
  tell.check(
    items.some(({ slug }) => slug.endsWith('/readme')),
    'README.md is one of them',
  );
}

async function comment(
  { ann, ben, page }: { ann: User; ben: User; page: Page | undefined },
  tell: Narrator,
): Promise<Comment> {
  if (!page) throw new Error('There is no page to comment on');
  const arrival = nextNotification(ann);
  await arrival.open;
  const startedAt = performance.now();
  const made = await tell.call(
    { who: ben.name, whom: 'wiki', procedure: 'comments.create' },
    () => ben.wiki.comments.create.mutate({ pageId: page.id, body: 'Two commands, and it runs. Thank you!' }),
    ({ id }) => `comment ${id}`,
  );
  const { items } = await ben.wiki.comments.list.query({ pageId: page.id });
  tell.check(
    items.some(({ id }) => id === made.id),
    'the comment is on the page',
  );

  const told = await tell.call(
    { who: 'wiki', whom: 'notification → ann', procedure: 'notifications.sendBatch' },
    () => arrival.notification,
    ({ title }) => `“${title}”, ${(performance.now() - startedAt).toFixed(0)} ms after the comment`,
  );
  tell.check(
    told.sender === 'wiki' && told.topic === 'comment',
    'it comes from the wiki and is about a comment',
  );
  const { count } = await tell.call(
    { who: ann.name, whom: 'notification', procedure: 'notifications.unreadCount' },
    () => ann.notification.notifications.unreadCount.query(),
    (answer) => `${answer.count} unread`,
  );
  tell.check(count === 1, 'Ann has one unread notification');
  return made;
}

/** Longest time for background work of a service for a user, in milliseconds. */
const backgroundWithinMs = 15_000;

/**
 * The wiki's handler calls the notification service with its own token and Ann's, which the mesh sends along.
 */
async function answerComment(ann: User, { id: parentId, pageId }: Comment, tell: Narrator): Promise<void> {
  await tell.call(
    { who: ann.name, whom: 'wiki', procedure: 'comments.create' },
    () => ann.wiki.comments.create.mutate({ pageId, parentId, body: 'Glad to hear it.' }),
    ({ id }) => `comment ${id}`,
  );
  const answeredAt = performance.now();
  const unread = async () => (await ann.notification.notifications.unreadCount.query()).count;
  const left = await tell.call(
    { who: 'wiki for ann', whom: 'notification', procedure: 'notifications.markLinkRead' },
    async () => {
      while ((await unread()) > 0 && performance.now() - answeredAt < backgroundWithinMs) await delay(20);
      return unread();
    },
    (count) => `${count} unread, ${(performance.now() - answeredAt).toFixed(0)} ms after her answer`,
  );
  tell.check(left === 0, 'Ann has read it: the wiki marked it for her');
}

/** Waits for the next notification of a user; `open` resolves once none can be missed. */
function nextNotification(user: User): { open: Promise<void>; notification: Promise<Notification> } {
  const open = Promise.withResolvers<void>();
  const found = Promise.withResolvers<Notification>();
  const patience = setTimeout(() => found.reject(new Error('No notification arrived within 15 s')), 15_000);
  const watch = user.notification.notifications.watch.subscribe(undefined, {
    onStarted: () => open.resolve(),
    onData: ({ data }) => found.resolve(data),
    onError: (error) => {
      open.reject(error);
      found.reject(error);
    },
  });
  const notification = found.promise.finally(() => {
    clearTimeout(patience);
    watch.unsubscribe();
  });
  return { open: open.promise, notification };
}

async function search(ben: User, pages: readonly Page[], tell: Narrator): Promise<void> {
  const text = 'life of one call';
  const found = await tell.call(
    { who: ben.name, whom: 'wiki', procedure: 'search.query' },
    () => ben.wiki.search.query.query({ text, limit: 50 }),
    ({ items }) => `${items.length} pages have “${text}”`,
  );
  const hit = found.items.find(({ page }) => pages.some(({ id }) => id === page.id));
  tell.check(
    hit !== undefined,
    `one of them is ${hit?.page.slug ?? 'ours'}: ${hit?.excerpt.replaceAll(/\s+/g, ' ').slice(0, 90) ?? ''}…`,
  );
  const terms = await tell.call(
    { who: ben.name, whom: 'wiki', procedure: 'index.list' },
    () => ben.wiki.index.list.query({ prefix: 'not', limit: 100 }),
    ({ items }) => items.map(({ term, pages: count }) => `${term} (${count})`).join(', '),
  );
  tell.check(
    terms.items.some(({ term }) => term === 'notification'),
    'the index has “notification”',
  );
  const places = await tell.call(
    { who: ben.name, whom: 'wiki', procedure: 'index.get' },
    () => ben.wiki.index.get.query({ term: 'notification', limit: 100 }),
    ({ items }) => `${items.length} places`,
  );
  tell.check(places.items.length > 0, 'and says where it occurs');
}

/** Longest time until every service enforces a revocation, in milliseconds. */
const revokedWithinMs = 2000;

/** Refreshes a session, ends it, and waits until all services refuse its access tokens. */
async function logOut({ name: who, session, ...user }: User, to: Addresses, tell: Narrator): Promise<void> {
  const stranger = connect(authContract, { as: 'anyone', url: to.auth, tls: commandTls(), log });
  const { refreshToken } = await tell.call(
    { who, whom: 'auth', procedure: 'sessions.refresh' },
    () => stranger.sessions.refresh.mutate({ refreshToken: session.refreshToken }),
    ({ expiresAt }) => `another access token, until ${expiresAt.slice(11, 16)} UTC`,
  );
  await tell.call(
    { who, whom: 'auth', procedure: 'sessions.logout' },
    () => stranger.sessions.logout.mutate({ refreshToken }),
    () => 'the session is over',
  );
  // These calls are repeated until they fail, so their failures are not logged.
  const again = { context: { repeated: true } };
  const calls = {
    auth: () => user.auth.users.me.query(undefined, again),
    wiki: () => user.wiki.pages.list.query({}, again),
    notification: () => user.notification.notifications.unreadCount.query(undefined, again),
  };
  const endedAt = performance.now();
  for (const [whom, call] of Object.entries(calls)) {
    const isTaken = () => call().then(() => true, isOther);
    while ((await isTaken()) && performance.now() - endedAt < revokedWithinMs) await delay(20);
    const tookMs = performance.now() - endedAt;
    tell.check(tookMs < revokedWithinMs, `${whom} refuses her token after at most ${tookMs.toFixed(0)} ms`);
  }
}

/** Whether a call failed for another reason than a refused token. */
function isOther(error: unknown): boolean {
  if (isCallError(error) && error.data.code === 'UNAUTHORIZED') return false;
  throw error;
}
