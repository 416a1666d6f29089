import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { newPerson } from '../src/people.ts';
import { mesh } from './mesh.ts';

/** More than the connections of a service. */
const callsAtOnce = 12;

type Person = Awaited<ReturnType<typeof newPerson>>;

test.each([
  ['wiki', 'pages.list', 'wiki.pages', ({ wiki }: Person) => wiki.pages.list.query({})],
  ['wiki', 'search.query', 'wiki.pages', ({ wiki }: Person) => wiki.search.query.query({ text: 'nothing' })],
  [
    'notification',
    'notifications.list',
    'notification.notifications',
    ({ notification }: Person) => notification.notifications.list.query({}),
  ],
  ['auth', 'users.me', 'auth.users', ({ auth }: Person) => auth.users.me.query()],
] as const)(
  '%s, whose calls of %s wait for a lock on %s, is ready and healthy, and answers as soon as it may',
  async (service, _path, table, call) => {
    const ann = await newPerson(mesh, 'ann');
    const admin = new pg.Client({ connectionString: mesh.database.adminUrl });
    await admin.connect();
    await admin.query(`BEGIN; LOCK TABLE ${table}`);
    const calls = Array.from({ length: callsAtOnce }, () => call(ann));
    const waiting = async () => {
      const { rows } = await admin.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = $1::regclass',
        [table],
      );
      return rows[0]?.n ?? 0;
    };
    await vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(0));
    // Longer than the answer to a health check is reused.
    for (let look = 0; look < 6; look += 1) {
      const askedAt = performance.now();
      const answers = await Promise.all(
        ['readyz', 'health'].map(async (path) => await fetch(`${mesh.url(service)}/${path}`)),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(await answers[1]?.json()).toMatchObject({ status: 'healthy', database: 'connected' });
      expect(performance.now() - askedAt).toBeLessThan(1000);
      await delay(250);
    }
    await admin.query('ROLLBACK');
    await admin.end();
    await Promise.all(calls);
  },
);
