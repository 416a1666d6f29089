import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withClient } from '@arcadium/postgres/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { noPgBouncer, startPgBouncer } from '@arcadium/postgres/testing-pgbouncer';
import { vi } from 'vitest';
import type { Faults } from './fault.ts';
import type { HealthyMesh } from './healthy-mesh.ts';

/** Changes the URLs of a service's database. */
function changeUrls(
  mesh: HealthyMesh,
  service: string,
  change: (url: URL) => void,
  names: readonly string[] = ['DATABASE_URL', 'DATABASE_OWNER_URL'],
): void {
  const changed = names.map((name) => {
    const url = new URL(mesh.settings(service)[name] ?? '');
    change(url);
    return [name, url.href] as const;
  });
  mesh.setOf(service, Object.fromEntries(changed));
}

/** Opens a connection until `restore`. */
async function hold(mesh: HealthyMesh, url: string, statement = 'SELECT 1'): Promise<void> {
  const over = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  const work = withClient(url, undefined, async (client) => {
    await client.query(statement);
    open.resolve();
    await over.promise;
  });
  work.catch(open.reject);
  await open.promise;
  mesh.undo(async () => {
    over.resolve();
    await work;
  });
}

function query<Row extends object>(mesh: HealthyMesh, text: string): Promise<Row[]> {
  return withClient(
    mesh.cluster.adminUrl,
    'arcadium',
    async (client) => (await client.query<Row>(text)).rows,
  );
}

const oneMessage = (users: string, update: string) => `
  SET search_path = wiki, extensions;
  WITH message AS (
    INSERT INTO wiki.notification_outbox (id, user_ids, topic, title, body, link)
    VALUES (gen_random_uuid(), ${users}, 'comment', 'Planted', 'Body', '/') RETURNING id
  ) SELECT FROM message;
  UPDATE wiki.notification_deliveries SET ${update}
  WHERE message_id IN (SELECT id FROM wiki.notification_outbox WHERE title = 'Planted')`;
const noMessage = `DELETE FROM wiki.notification_outbox WHERE title = 'Planted'`;
const oneUser = 'ARRAY[gen_random_uuid()]';

export const databaseFaults: Faults = {
  'database.unreachable': {
    plant: async (mesh) => {
      const port = String(await findFreePort());
      changeUrls(mesh, 'wiki', (url) => (url.port = port));
    },
  },
  'database.urls-differ': {
    plant: (mesh) => changeUrls(mesh, 'wiki', (url) => (url.pathname = '/postgres'), ['DATABASE_OWNER_URL']),
  },
  'database.missing': {
    plant: (mesh) => changeUrls(mesh, 'wiki', (url) => (url.pathname = '/nowhere')),
  },
  'database.schema-missing': {
    plant: (mesh) =>
      mesh.sql('ALTER SCHEMA notification RENAME TO away', 'ALTER SCHEMA away RENAME TO notification'),
  },
  'database.encoding': {
    // A database that provisioning has not made lacks the rest as well.
    also: ['database.schema-missing', 'database.extension-missing', 'roles.public-access', 'roles.settings'],
    plant: async (mesh) => {
      await mesh.sql(
        `CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'`,
        'DROP DATABASE bytes WITH (FORCE)',
      );
      changeUrls(mesh, 'wiki', (url) => (url.pathname = '/bytes'));
    },
  },
  'database.read-only': {
    plant: (mesh) =>
      mesh.sql(
        'ALTER ROLE auth_owner SET default_transaction_read_only = on',
        'ALTER ROLE auth_owner RESET default_transaction_read_only',
      ),
  },
  'database.extension-missing': {
    plant: (mesh) =>
      mesh.sql('ALTER EXTENSION citext SET SCHEMA public', 'ALTER EXTENSION citext SET SCHEMA extensions'),
  },
  'database.invalid-index': {
    plant: (mesh) =>
      mesh.sql(
        `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'notification.notifications_pkey'::regclass`,
        `UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'notification.notifications_pkey'::regclass`,
      ),
  },
  'database.waiting-for-lock': {
    plant: async (mesh) => {
      const { DATABASE_URL: url = '' } = mesh.settings('wiki');
      const waiting = withClient(url, undefined, async (client) => {
        await holding;
        await client.query('SELECT pg_advisory_lock(4711)');
      });
      // Undone last: it ends once the other has let go.
      mesh.undo(() => waiting);
      const holding = hold(mesh, url, 'SELECT pg_advisory_lock(4711)');
      await holding;
      await vi.waitFor(async () => {
        const rows = await query(
          mesh,
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND now() - query_start > interval '1.5 s'`,
        );
        if (rows.length === 0) throw new Error('No session waits yet');
      });
    },
  },
};

export const rolesFaults: Faults = {
  'roles.login': {
    plant: (mesh) => changeUrls(mesh, 'wiki', (url) => (url.username = 'nowhere'), ['DATABASE_URL']),
  },
  'roles.connect': {
    plant: (mesh) =>
      mesh.sql(
        'REVOKE CONNECT ON DATABASE arcadium FROM wiki_owner',
        'GRANT CONNECT ON DATABASE arcadium TO wiki_owner',
      ),
  },
  'roles.not-owner': {
    plant: (mesh) =>
      mesh.sql('REVOKE ALL ON SCHEMA wiki FROM wiki_owner', 'GRANT ALL ON SCHEMA wiki TO wiki_owner'),
  },
  'roles.no-usage': {
    plant: (mesh) =>
      mesh.sql(
        'REVOKE USAGE ON SCHEMA notification FROM notification',
        'GRANT USAGE ON SCHEMA notification TO notification',
      ),
  },
  'roles.missing-grant': {
    plant: (mesh) =>
      mesh.sql(
        'REVOKE DELETE ON notification.notifications FROM notification',
        'GRANT DELETE ON notification.notifications TO notification',
      ),
  },
  'roles.history-writable': {
    plant: (mesh) =>
      mesh.sql(
        'GRANT INSERT ON wiki._prisma_migrations TO wiki',
        'REVOKE INSERT ON wiki._prisma_migrations FROM wiki',
      ),
  },
  'roles.too-powerful': {
    plant: (mesh) => mesh.sql('ALTER ROLE wiki CREATEDB', 'ALTER ROLE wiki NOCREATEDB'),
  },
  'roles.reads-another-schema': {
    plant: (mesh) => mesh.sql('GRANT USAGE ON SCHEMA auth TO wiki', 'REVOKE USAGE ON SCHEMA auth FROM wiki'),
  },
  'roles.public-access': {
    plant: (mesh) =>
      mesh.sql(
        'GRANT CONNECT ON DATABASE arcadium TO PUBLIC',
        'REVOKE CONNECT ON DATABASE arcadium FROM PUBLIC',
      ),
  },
  'roles.settings': {
    plant: (mesh) =>
      mesh.sql(
        'ALTER ROLE wiki IN DATABASE arcadium RESET lock_timeout',
        'ALTER ROLE wiki IN DATABASE arcadium SET lock_timeout = 15000',
      ),
  },
  'roles.one-role': {
    // The one role that is left is that for rows.
    also: ['roles.not-owner'],
    plant: (mesh) => mesh.setOf('notification', { DATABASE_OWNER_URL: undefined }),
  },
  'roles.shared': {
    also: ['roles.no-usage', 'roles.missing-grant', 'roles.reads-another-schema'],
    plant: (mesh) => mesh.setOf('notification', { DATABASE_URL: mesh.settings('wiki')['DATABASE_URL'] }),
  },
};

/** Adds a migration to the checkout. */
function addMigration(mesh: HealthyMesh, name: string, sql: string | undefined): void {
  const folder = mesh.path('prisma/wiki/migrations', name);
  mkdirSync(folder);
  mesh.undo(() => rmSync(folder, { recursive: true }));
  if (sql !== undefined) mesh.edit(`prisma/wiki/migrations/${name}/migration.sql`, () => sql);
}

function lastMigration(mesh: HealthyMesh, service: string): string {
  return (
    readdirSync(mesh.path('prisma', service, 'migrations'))
      .toSorted()
      .at(-1) ?? ''
  );
}

export const migrationsFaults: Faults = {
  'migrations.unreadable': { plant: (mesh) => addMigration(mesh, '29990101000000_empty', undefined) },
  'migrations.pending': { plant: (mesh) => addMigration(mesh, '29990101000000_next', 'SELECT 1;\n') },
  'migrations.edited': {
    plant: (mesh) =>
      mesh.edit(
        `prisma/wiki/migrations/${lastMigration(mesh, 'wiki')}/migration.sql`,
        (text) => `${text}-- Edited.\n`,
      ),
  },
  'migrations.interrupted': {
    plant: (mesh) => {
      const ofLast = `WHERE migration_name = '${lastMigration(mesh, 'notification')}'`;
      return mesh.sql(
        `UPDATE notification._prisma_migrations SET finished_at = NULL ${ofLast}`,
        `UPDATE notification._prisma_migrations SET finished_at = now() ${ofLast}`,
      );
    },
  },
  'migrations.newer': {
    plant: (mesh) => {
      const folder = mesh.path('prisma/wiki/migrations', lastMigration(mesh, 'wiki'));
      const away = join(mesh.root, 'away');
      renameSync(folder, away);
      mesh.undo(() => renameSync(away, folder));
    },
  },
  'migrations.out-of-order': {
    also: ['migrations.pending'],
    plant: (mesh) => addMigration(mesh, '20260101000001_late', 'SELECT 1;\n'),
  },
  'migrations.drift': {
    plant: (mesh) =>
      mesh.sql(
        'ALTER TABLE notification.notifications ADD COLUMN by_hand text',
        'ALTER TABLE notification.notifications DROP COLUMN by_hand',
      ),
  },
};

export const poolsFaults: Faults = {
  'pools.over-max-connections': { plant: (mesh) => mesh.setOf('wiki', { DATABASE_POOL_MAX: '150' }) },
  'pools.crowded': {
    plant: async (mesh) => {
      const { DATABASE_OWNER_URL: url = '' } = mesh.settings('auth');
      for (let used = 0; used < 106;) {
        const [row] = await query<{ used: number }>(
          mesh,
          `SELECT count(*)::int AS used FROM pg_stat_activity WHERE backend_type = 'client backend'`,
        );
        used = row?.used ?? 0;
        if (used < 106) await hold(mesh, url);
      }
    },
  },
  'pools.role-limit': {
    plant: (mesh) =>
      mesh.sql('ALTER ROLE notification CONNECTION LIMIT 11', 'ALTER ROLE notification CONNECTION LIMIT -1'),
  },
  'pools.database-limit': {
    plant: (mesh) =>
      mesh.sql('ALTER DATABASE arcadium CONNECTION LIMIT 35', 'ALTER DATABASE arcadium CONNECTION LIMIT -1'),
  },
  'pools.pooler': {
    possible: () => !noPgBouncer,
    plant: async (mesh) => {
      const names = ['DATABASE_URL', 'DATABASE_OWNER_URL'];
      const pooler = await startPgBouncer(names.map((name) => mesh.settings('wiki')[name] ?? ''));
      mesh.undo(() => pooler[Symbol.asyncDispose]());
      const through = names.map((name) => [name, pooler.through(mesh.settings('wiki')[name] ?? '')]);
      mesh.setOf('wiki', Object.fromEntries(through) as Record<string, string>);
    },
  },
};

export const outboxFaults: Faults = {
  'outbox.given-up': {
    plant: (mesh) => mesh.sql(oneMessage(oneUser, `failed_at = now(), last_error = 'planted'`), noMessage),
  },
  'outbox.waiting-long': {
    plant: (mesh) =>
      mesh.sql(
        oneMessage(
          oneUser,
          `leased_until = now() + interval '50 minutes', waits_since = now() - interval '1 hour'`,
        ),
        noMessage,
      ),
  },
  'outbox.backlog': {
    plant: (mesh) =>
      mesh.sql(
        oneMessage(
          'ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 5001))',
          `leased_until = now() + interval '50 minutes'`,
        ),
        noMessage,
      ),
  },
  'outbox.trigger-off': {
    plant: (mesh) =>
      mesh.sql(
        'ALTER TABLE wiki.notification_outbox DISABLE TRIGGER notification_outbox_address',
        'ALTER TABLE wiki.notification_outbox ENABLE TRIGGER notification_outbox_address',
      ),
  },
};
