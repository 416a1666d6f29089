import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { newPerson } from '../src/people.ts';
import { serviceNames } from '../src/mesh.ts';
import { mesh } from './mesh.ts';

/** Gives services new sessions that are read-only, as after a failover, or not. */
async function makeSessions(readOnly: boolean): Promise<void> {
  const admin = new pg.Client({ connectionString: mesh.database.adminUrl });
  await admin.connect();
  for (const service of serviceNames) {
    const { username, pathname } = new URL(mesh.database.url(service));
    const database = pathname.slice(1);
    await admin.query(
      `ALTER ROLE ${username} IN DATABASE "${database}" SET default_transaction_read_only = ${readOnly}`,
    );
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND datname = $2',
      [username, database],
    );
  }
  await admin.end();
}

const health = async (service: (typeof serviceNames)[number]) => {
  const answer = await fetch(`${mesh.url(service)}/health`);
  return { http: answer.status, ...((await answer.json()) as object) };
};

test('while databases are read-only, reads go on, writes are refused for now, and health says so; then all is well again', async () => {
  const ann = await newPerson(mesh, 'ann');
  const writes = [
    () => ann.wiki.pages.create.mutate({ slug: `page-${ann.id}`, title: 'Page', body: 'Text' }),
    () => ann.notification.preferences.set.mutate({ muted: ['page'] }),
    () => ann.auth.users.update.mutate({ name: 'Anna' }),
  ];
  await makeSessions(true);
  for (const service of serviceNames)
    await vi.waitFor(async () =>
      expect(await health(service)).toMatchObject({
        http: 200,
        status: 'degraded',
        database: 'connected',
        dependencies: { database_writes: 'unhealthy' },
      }),
    );
  await Promise.all(
    writes.map((write) =>
      expect(write()).rejects.toMatchObject({
        data: { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, retryAfterMs: 5000 },
      }),
    ),
  );
  const raw = await fetch(`${mesh.url('notification')}/trpc/preferences.set`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ muted: ['page'] }),
  });
  expect([raw.status, raw.headers.get('retry-after')]).toEqual([503, '5']);
  expect((await ann.wiki.pages.list.query({})).items).toEqual(expect.any(Array));
  expect(await ann.auth.users.me.query()).toMatchObject({ name: 'ann' });

  await makeSessions(false);
  await mesh.healthy();
  for (const write of writes) await write();
});
