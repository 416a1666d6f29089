import { openDatabase } from '@arcadium/postgres/database';
import { createLogger } from '@arcadium/mesh/telemetry';
import { PrismaClient as NotificationClient } from '@arcadium/prisma/notification';
import { PrismaClient as WikiClient } from '@arcadium/prisma/wiki';
import type { TestDatabase } from '@arcadium/postgres/testing';
import type { Pool } from 'pg';
import { createStores } from '../../../services/notification/src/stores/stores.ts';
import { listBacklinks, listOrphans } from '../../../services/wiki/src/stores/links.ts';
import { findPage, listBin, listPages } from '../../../services/wiki/src/stores/pages.ts';
import { searchPages, suggestPages } from '../../../services/wiki/src/stores/search.ts';
import { listTermPlaces, listTerms } from '../../../services/wiki/src/stores/terms.ts';
import { listTree } from '../../../services/wiki/src/stores/tree.ts';
import type { Plans } from '@arcadium/prisma/testing';
import { commonWord, notificationsOfUser, rareWord, userId, type TableSize } from './seed.ts';

/** What a procedure reads or writes, by the statements of the service. */
export interface TableRow {
  readonly name: string;
  /** @param run The number of the run, from 0: what changes rows takes others in each. */
  run(run: number): Promise<unknown>;
}

/** The rows of both services on one database, each with a pool of one connection. */
export async function openRows(
  database: TestDatabase,
  { size, plans, owner }: { size: TableSize; plans: Plans; owner: AsyncDisposableStack },
): Promise<TableRow[]> {
  const log = createLogger({ service: 'bench', level: 'error' });
  const common = { log, poolMax: 1, queryTimeoutMs: 300_000 };
  const notification = openDatabase({
    ...common,
    url: database.url('notification'),
    schema: 'notification',
    client: NotificationClient,
  });
  owner.defer(() => notification.close());
  const wiki = openDatabase({ ...common, url: database.url('wiki'), schema: 'wiki', client: WikiClient });
  owner.defer(() => wiki.close());
  for (const { pool } of [notification, wiki]) plans.follow(pool);
  return [
    ...(await notificationRows(notification.client, notification.pool, size)),
    ...(await wikiRows(wiki.client, wiki.pool, size)),
  ];
}

const pageNotice = {
  sender: 'wiki',
  fingerprint: '',
  topic: 'page',
  title: 'A page',
  body: 'It has changed.',
  link: '/pages/page-1',
  mutable: true,
  keyFor: 'each user',
} as const;

async function notificationRows(
  client: NotificationClient,
  pool: Pool,
  { notifications: count }: TableSize,
): Promise<TableRow[]> {
  const { notifications, deliveries, retention } = createStores(client);
  const users = count / notificationsOfUser;
  const ids: string[] = [];
  for (let n = 0; n < 10; n += 1) ids.push(await userId(pool, n % users));
  const userOf = (run: number) => ids[run % ids.length] ?? '';
  const part = { limit: 21, after: undefined };
  const { rows: unread } = await pool.query<{ id: string; user: string }>(
    `SELECT id::text, user_id::text AS user FROM notifications WHERE user_id = ANY ($1::uuid[]) AND read_at IS NULL`,
    [ids],
  );
  return [
    {
      name: 'notifications.list',
      run: (run) => notifications.list(userOf(run), { ...part, unreadOnly: false }),
    },
    {
      name: 'notifications.list, unread only',
      run: (run) => notifications.list(userOf(run), { ...part, unreadOnly: true }),
    },
    { name: 'notifications.unreadCount', run: (run) => notifications.unreadCount(userOf(run)) },
    {
      name: 'notifications.markRead',
      run: (run) => {
        const { id = '', user = '' } = unread[run % unread.length] ?? {};
        return notifications.markRead(user, [id]);
      },
    },
    {
      name: 'notifications.send',
      run: (run) =>
        deliveries.deliver(
          [
            {
              ...pageNotice,
              key: `new-${run}-${crypto.randomUUID()}`,
              userIds: [userOf(run)],
            },
          ],
          1000,
        ),
    },
    {
      name: 'retention, 2 notifications',
      run: () => retention.deleteRead({ days: 90, limit: 2, now: new Date() }),
    },
  ];
}

async function wikiRows(client: WikiClient, pool: Pool, { pages: count }: TableSize): Promise<TableRow[]> {
  const author = await userId(pool, 7);
  const page = (run: number) => `page-${1 + ((run * 7919 * 20) % count)}`;
  const some = { limit: 20, after: undefined };
  const { rows: upper } = await pool.query<{ id: string }>(
    `SELECT id::text FROM pages WHERE slug = 'page-50'`,
  );
  const rootId = upper[0]?.id ?? '';
  const search = (query: string) => searchPages(client, { ...some, query, pattern: undefined });
  return [
    { name: 'pages.get, by address', run: (run) => findPage(client, { slug: page(run) }) },
    { name: 'pages.list', run: () => listPages(client, { ...some, authorId: undefined }) },
    { name: 'pages.list of an author', run: () => listPages(client, { ...some, authorId: author }) },
    { name: 'pages.tree, two levels', run: () => listTree(client, { rootId: null, depth: 2, limit: 200 }) },
    { name: 'pages.tree below a page', run: () => listTree(client, { rootId, depth: 2, limit: 200 }) },
    { name: 'recycle bin', run: () => listBin(client, { ...some, authorId: undefined }) },
    { name: 'recycle bin of an author', run: () => listBin(client, { ...some, authorId: author }) },
    { name: 'search.query, a word of 20 pages', run: () => search(`'${rareWord}'`) },
    { name: 'search.query, a word of all pages', run: () => search(`'${commonWord}'`) },
    { name: 'search.query, both words', run: () => search(`'${commonWord}' & '${rareWord}'`) },
    { name: 'search.suggest, one letter', run: () => suggestPages(client, { text: 'p', limit: 10 }) },
    {
      name: 'search.suggest, a word of all titles',
      run: () => suggestPages(client, { text: 'page', limit: 10 }),
    },
    {
      name: 'search.suggest, two letters of no title',
      run: () => suggestPages(client, { text: 'zq', limit: 10 }),
    },
    { name: 'search.suggest, no title', run: () => suggestPages(client, { text: 'zqxwv', limit: 10 }) },
    { name: 'index.list', run: () => listTerms(client, { prefix: '', after: '', limit: 20 }) },
    { name: 'index.pages of a rare term', run: () => listTermPlaces(client, { ...some, term: 'term7' }) },
    {
      name: 'index.pages of a term of all pages',
      run: () => listTermPlaces(client, { ...some, term: 'all' }),
    },
    { name: 'links.orphans', run: () => listOrphans(client, some) },
    { name: 'links.backlinks', run: () => listBacklinks(client, { ...some, slug: 'page-50' }) },
  ];
}
