import { randomBytes } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { createLogger } from '@arcadium/mesh/telemetry';
import pg from 'pg';
import type { ServiceName, TestMesh } from '../../../e2e/src/mesh.ts';
import { hashOf, rareWord, type Seeded } from './seed.ts';

/** One call, by one of the callers. */
type CallOnce = (caller: number) => Promise<unknown>;

/** The same work, done by a service of the mesh and by SQL alone. */
export interface Workload {
  readonly name: string;
  /** Whose process does the work. @default the caller's */
  readonly service?: ServiceName;
  /** How many call at once, each of whom waits for the answer before it calls again. */
  readonly callers: number;
  readonly mesh: CallOnce;
  /** Through `pg` and nothing else. */
  readonly bare: CallOnce;
}

/** As many as wait for answers at once. */
export const mostCallers = 16;

/** A caller may have two costly reads under way. */
const costlyCallers = 2;

/** As many connections as a service has. */
export const poolMax = 10;

/** Makes what is called, for a mesh and the database that it stands on. */
export async function openWorkloads(
  mesh: TestMesh,
  { size, seeded, owner }: { size: number; seeded: Seeded; owner: AsyncDisposableStack },
): Promise<Workload[]> {
  const log = createLogger({ service: 'bench', level: 'error' });
  const token = await mesh.identity.userToken({ id: seeded.reader });
  const wiki = owner.use(connect(wikiContract, { as: 'user', url: mesh.url('wiki'), token, log }));
  const auth = owner.use(connect(authContract, { as: 'anyone', url: mesh.url('auth'), log }));
  const notification = owner.use(
    connect(notificationContract, { as: 'user', url: mesh.url('notification'), token, log }),
  );
  const open = (service: ServiceName): pg.Pool => {
    const options = `-c search_path=${service},extensions -c timezone=UTC`;
    const pool = new pg.Pool({ connectionString: mesh.database.url(service), options, max: poolMax });
    owner.defer(() => pool.end());
    return pool;
  };
  const pages = open('wiki');
  const notifications = open('notification');
  const anyPage = () => `page-${1 + Math.floor(Math.random() * size)}`;
  const meshTokens = [...seeded.tokens.mesh];

  return [
    {
      name: 'wiki.pages.get',
      service: 'wiki',
      callers: mostCallers,
      mesh: () => wiki.pages.get.query({ slug: anyPage() }),
      bare: () => pages.query(getPage, [anyPage()]),
    },
    {
      name: 'notification.notifications.list',
      service: 'notification',
      callers: mostCallers,
      mesh: () => notification.notifications.list.query({}),
      bare: () => notifications.query(listNotifications, [seeded.reader, 21]),
    },
    {
      name: 'auth.sessions.refresh',
      service: 'auth',
      callers: mostCallers,
      mesh: async (caller) => {
        const refreshToken = meshTokens[caller] ?? '';
        meshTokens[caller] = (await auth.sessions.refresh.mutate({ refreshToken })).refreshToken;
      },
      bare: bareRefresh(open('auth'), [...seeded.tokens.bare]),
    },
    {
      name: 'wiki.pages.tree, two levels',
      service: 'wiki',
      callers: costlyCallers,
      mesh: () => wiki.pages.tree.query({ depth: 2 }),
      bare: () => pages.query(listTree),
    },
    {
      name: 'wiki.index.list',
      service: 'wiki',
      callers: costlyCallers,
      mesh: () => wiki.index.list.query({}),
      bare: () => pages.query(listTerms, [21]),
    },
    {
      name: 'wiki.search.query, a rare word',
      service: 'wiki',
      callers: costlyCallers,
      mesh: () => wiki.search.query.query({ text: rareWord }),
      bare: () => pages.query(searchPages, [rareWord, 21]),
    },
  ];
}

// What one would write who knows the tables, for the same answer.

const summary = 'id, slug, title, parent_id, revision, author_id, created_at, updated_at, deleted_at';

const getPage = `SELECT ${summary}, body FROM pages WHERE slug = $1 AND deleted_at IS NULL`;

const listNotifications = `
  SELECT id, topic, title, body, link, sender, created_at, read_at FROM notifications
  WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`;

const listTree = `
  WITH top AS (SELECT id, slug, title, parent_id, 0 AS depth FROM pages WHERE parent_id IS NULL AND deleted_at IS NULL),
  both_levels AS (
    SELECT * FROM top
    UNION ALL
    SELECT p.id, p.slug, p.title, p.parent_id, 1 FROM top JOIN pages p ON p.parent_id = top.id WHERE p.deleted_at IS NULL
  )
  SELECT *, EXISTS (SELECT FROM pages c WHERE c.parent_id = l.id AND c.deleted_at IS NULL) FROM both_levels l
  ORDER BY depth, slug`;

const listTerms = `
  SELECT term, count(DISTINCT page_id)::int AS pages FROM index_entries
  WHERE page_id IN (SELECT id FROM pages WHERE deleted_at IS NULL)
  GROUP BY term ORDER BY term LIMIT $1`;

const searchPages = `
  SELECT ${summary}, ts_rank(words, query) AS rank, substr(plain, 1, 1000) AS passage
  FROM pages, plainto_tsquery('pg_catalog.english', $1) AS query
  WHERE words @@ query AND deleted_at IS NULL ORDER BY rank DESC, id DESC LIMIT $2`;

/** Exchanges a refresh token for another: what no service can do with less. */
function bareRefresh(pool: pg.Pool, tokens: string[]): CallOnce {
  return async (caller) => {
    const next = randomBytes(32).toString('base64url');
    const hash = hashOf(tokens[caller] ?? '');
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ id: string }>(
        `SELECT s.id, u.id AS user_id, u.email, u.name, u.role, s.expires_at
         FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
         WHERE t.hash = $1 AND t.used_at IS NULL AND s.ended_at IS NULL AND s.expires_at > now() FOR UPDATE OF u`,
        [hash],
      );
      const session = rows[0]?.id;
      await client.query('UPDATE refresh_tokens SET used_at = now() WHERE hash = $1', [hash]);
      await client.query('INSERT INTO refresh_tokens (hash, session_id) VALUES ($1, $2)', [
        hashOf(next),
        session,
      ]);
      await client.query('UPDATE sessions SET last_used_at = now() WHERE id = $1', [session]);
      await client.query('COMMIT');
      tokens[caller] = next;
    } finally {
      client.release();
    }
  };
}
