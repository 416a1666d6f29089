import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import type { Check } from './check.ts';
import type { Context } from './context.ts';
import { schemaSession, users } from './databases.ts';

/** Age of the oldest message at which there is something wrong, in seconds; also that of the alert OutboxWaiting. */
const longWaitSeconds = 900;

/** Messages that wait at which there is something wrong. */
const manyWaiting = 5000;

const { messages, deliveries } = notificationOutbox;

/** The session and the names of a service's outbox; `undefined` if it has none. @throws Needs */
async function outboxOf(context: Context, service: string) {
  const session = await schemaSession(context, service, 'owner');
  const [there] = await session.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
    `${service}.${deliveries}`,
  ]);
  return there?.found ? session : undefined;
}

interface Counts {
  waiting: number;
  oldest: number;
  given_up: number;
  [column: string]: unknown;
}

async function countsOf(context: Context, service: string): Promise<Counts | undefined> {
  return context.once(`outbox ${service}`, async () => {
    const session = await outboxOf(context, service);
    const rows = await session?.query<Counts>(
      `SELECT count(*) FILTER (WHERE failed_at IS NULL)::int AS waiting,
         coalesce(extract(epoch FROM now() - min(waits_since) FILTER (WHERE failed_at IS NULL)), 0)::float8 AS oldest,
         count(*) FILTER (WHERE failed_at IS NOT NULL)::int AS given_up
       FROM ${deliveries}`,
    );
    return rows?.[0];
  });
}

export const outbox: readonly Check[] = [
  {
    id: 'outbox.given-up',
    severity: 'warning',
    title: 'No message was given up',
    remedy: 'See why with `npm run mesh -- outbox list`; then `outbox retry` or `outbox drop`.',
    subjects: users,
    look: async (context, service) => {
      const counts = await countsOf(context, service);
      return counts && counts.given_up > 0 ? `${counts.given_up} notifications were given up` : undefined;
    },
  },
  {
    id: 'outbox.waiting-long',
    severity: 'warning',
    title: 'Messages are delivered soon',
    remedy:
      'Check that the notification service runs and accepts the calls of this one; its log has the errors.',
    subjects: users,
    look: async (context, service) => {
      const counts = await countsOf(context, service);
      return counts && counts.oldest > longWaitSeconds
        ? `a notification has waited for ${Math.round(counts.oldest / 60)} minutes`
        : undefined;
    },
  },
  {
    id: 'outbox.backlog',
    severity: 'warning',
    title: 'Few messages wait',
    remedy: 'Check that the notification service runs and keeps up; deliveries go on by themselves.',
    subjects: users,
    look: async (context, service) => {
      const counts = await countsOf(context, service);
      return counts && counts.waiting > manyWaiting ? `${counts.waiting} notifications wait` : undefined;
    },
  },
  {
    id: 'outbox.trigger-off',
    severity: 'error',
    title: 'Each message gets its deliveries',
    remedy: `\`ALTER TABLE ${messages} ENABLE TRIGGER ALL\`: messages written meanwhile have no deliveries.`,
    subjects: users,
    look: async (context, service) => {
      const session = await outboxOf(context, service);
      const rows = await session?.query<{ name: string }>(
        `SELECT tgname AS name FROM pg_trigger
         WHERE tgrelid = to_regclass($1) AND NOT tgisinternal AND tgenabled = 'D'`,
        [`${service}.${messages}`],
      );
      return rows?.map(({ name }) => `trigger ${name} of ${messages} is disabled`);
    },
  },
];
