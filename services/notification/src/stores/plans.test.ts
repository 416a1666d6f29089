import { Plans, reportPlans } from '@arcadium/prisma/testing';
import { withClient } from '@arcadium/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openService, type TestService } from '../testing/service.ts';

// What a statement costs must follow from the user's rows that it returns, not from those of all users.

const userId = '00000000-0000-7000-8000-000000000001';
const part = { limit: 21, after: undefined };

let service: TestService;
const plans = new Plans();
beforeAll(async () => {
  service = await openService();
  await reportPlans(service.adminUrl);
  plans.follow(service.pool);
  // A hundred users, of each 200 notifications; one in twenty is unread, and one in a hundred was read long ago.
  await service.pool.query(
    `INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, created_at, read_at)
     SELECT uuidv7(), overlay($1::text placing lpad((1 + n % 100)::text, 3, '0') from 34)::uuid, 'wiki', n::text, '', 'page', 'A page', '',
       now() - n * interval '1 s', CASE WHEN n / 100 % 20 = 0 THEN NULL WHEN n / 100 % 100 = 1 THEN now() - interval '200 days' ELSE now() END
     FROM generate_series(1, 20000) n`,
    [userId],
  );
  // By the superuser: the service's role may not.
  await withClient(service.adminUrl, undefined, (admin) => admin.query('ANALYZE notification.notifications'));
});
afterAll(() => service.close());

test.each<[string, () => Promise<unknown>, string, number]>([
  [
    'notifications',
    () => service.stores.notifications.list(userId, { ...part, unreadOnly: false }),
    'notifications_user_id_created_at_id_idx',
    21,
  ],
  [
    'unread notifications',
    () => service.stores.notifications.list(userId, { ...part, unreadOnly: true }),
    'notifications_unread_idx',
    21,
  ],
  [
    'the number of unread ones',
    () => service.stores.notifications.unreadCount(userId),
    'notifications_unread_idx',
    21,
  ],
  [
    'the retention',
    () => service.stores.retention.deleteRead({ days: 90, limit: 10, now: new Date() }),
    'notifications_read_idx',
    // Found, and deleted.
    30,
  ],
])('%s', async (_, call, index, most) => {
  for (let run = 0; run < 7; run += 1) {
    plans.take();
    await call();
  }
  const { ways, rows } = plans.take();
  expect(ways).toContain(index);
  expect(ways).not.toContain('scan of notifications');
  expect(rows).toBeLessThanOrEqual(most);
});
