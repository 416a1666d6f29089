import {
  actingFor,
  admin,
  contract,
  error,
  mutation,
  query,
  services,
  subscription,
  user,
  type AnyProcedure,
  type Contract,
} from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from './example.ts';
import { id, idempotencyKey, label, text, time } from './field.ts';
import { listInput, listOf } from './list.ts';

/** Topics of notifications. Users can mute all except `security`. */
export const topics = ['comment', 'reply', 'page', 'security'] as const;
const topic = z.enum(topics);
export type Topic = z.output<typeof topic>;

/**
 * The services that may send each topic. Restricting them protects users from false notifications, especially
 * about security.
 */
export const topicSenders = {
  comment: ['wiki'],
  reply: ['wiki'],
  page: ['wiki'],
  security: ['auth'],
} as const satisfies Record<Topic, readonly [string, ...string[]]>;

/** The topics that a service may send, such as `TopicOf<'wiki'>`. */
export type TopicOf<Sender extends string> = {
  [Name in Topic]: Sender extends (typeof topicSenders)[Name][number] ? Name : never;
}[Topic];

/** All services that may send any topic. */
const senders = services(...new Set(Object.values(topicSenders).flat()));

/** The link to follow: a path of the sending service, such as `/pages/readme`. */
const link = z
  .string()
  .max(500)
  .regex(/^\/[\w./#-]*$/);

const message = z.object({
  title: label(200),
  body: text(2000),
  link: link.optional(),
});

const notification = z.object({
  id,
  topic,
  title: z.string(),
  body: z.string(),
  link: z.string().nullable(),
  /** The sending service. */
  sender: z.string(),
  createdAt: time,
  readAt: time.nullable(),
});
export type Notification = z.output<typeof notification>;

const broadcast = z.object({
  id,
  title: z.string(),
  body: z.string(),
  link: z.string().nullable(),
  sender: z.string(),
  createdAt: time,
  /**
   * When the calling administrator read it; for one from before they became an administrator, when they
   * became one.
   */
  readAt: time.nullable(),
});
export type Broadcast = z.output<typeof broadcast>;

const foreignTopic = error(
  'FORBIDDEN',
  'Only other services may send this topic',
  z.object({ topic, sender: z.string(), senders: z.array(z.string()) }),
);

const keyReused = error(
  'CONFLICT',
  'This key was already used for a different notification',
  z.object({ key: z.string() }),
);

const ids = z.object({ ids: z.array(id).min(1).max(100) });
const count = z.object({ count: z.int().min(0) });
const changed = z.object({ changed: z.int().min(0) });
const preferences = z.object({ muted: z.array(topic.exclude(['security'])).max(topics.length) });

/** Notifications to users and administrators. */
export const notificationContract = contract('notification', {
  notifications: {
    send: mutation({
      summary: 'Notify one user; repeating a key changes nothing',
      input: message.extend({ key: idempotencyKey, userId: id, topic }),
      output: z.object({
        /** Null if the user has muted the topic. */
        id: id.nullable(),
        outcome: z.enum(['stored', 'duplicate', 'muted']),
      }),
      examples: [
        {
          key: 'comment:1:ann',
          userId: example.user,
          topic: 'comment',
          title: 'Ben commented on Start',
          body: 'Very clear, thank you.',
          link: '/pages/docs/start',
        },
      ],
      access: senders,
      idempotent: true,
      errors: { KEY_REUSED: keyReused, FOREIGN_TOPIC: foreignTopic },
    }),
    sendMany: mutation({
      summary: 'Notify several users; repeating a key changes nothing',
      input: message.extend({
        key: idempotencyKey,
        userIds: z.array(id).min(1).max(500),
        topic,
        /**
         * What to do if it cannot be stored for some users. With `true`, answer soon and name them; otherwise
         * the call fails after the others have it.
         */
        partial: z.boolean().optional(),
      }),
      output: z.object({
        stored: z.int().min(0),
        duplicate: z.int().min(0),
        muted: z.int().min(0),
        /**
         * With `partial`, the users that do not have it. `busy` is temporary; `failed` is a fault, with
         * details in the service's log.
         */
        undelivered: z
          .array(z.object({ userId: id, reason: z.enum(['busy', 'failed']) }))
          .max(500)
          .optional(),
      }),
      examples: [
        {
          key: 'page:1:2',
          userIds: [example.user, example.otherUser],
          topic: 'page',
          title: 'Start was changed',
          body: 'By Ann.',
        },
      ],
      access: senders,
      idempotent: true,
      errors: { KEY_REUSED: keyReused, FOREIGN_TOPIC: foreignTopic },
    }),
    /**
     * A call that is refused for one of its messages may have stored some of the others. Messages for one user arrive in the
     * order given, unless an earlier one is undelivered.
     */
    sendBatch: mutation({
      summary:
        'Notify several users with different messages; names those that could not be notified. Keys as in `send`',
      input: z.object({
        messages: z
          .array(message.extend({ key: idempotencyKey, userId: id, topic }))
          .min(1)
          .max(100),
      }),
      output: z.object({
        /** Recipients without their message. `busy` is temporary; `failed` is a fault, with details in the service's log. */
        undelivered: z
          .array(z.object({ key: idempotencyKey, userId: id, reason: z.enum(['busy', 'failed']) }))
          .max(100),
      }),
      examples: [
        {
          messages: [
            {
              key: 'reply:1:ann',
              userId: example.user,
              topic: 'reply',
              title: 'Ben answered',
              body: 'On the page Start.',
            },
          ],
        },
      ],
      access: senders,
      idempotent: true,
      errors: { KEY_REUSED: keyReused, FOREIGN_TOPIC: foreignTopic },
    }),
    list: query({
      summary: 'The notifications of the calling user, newest first',
      input: listInput.extend({ unreadOnly: z.boolean().default(false) }).prefault({}),
      output: listOf(notification),
      examples: [{ unreadOnly: true }],
      access: user,
    }),
    unreadCount: query({ summary: 'How many are unread', output: count, access: user }),
    markRead: mutation({
      summary: 'Mark notifications as read; ids of other users are ignored',
      input: ids,
      output: changed,
      examples: [{ ids: [example.notification] }],
      access: user,
      idempotent: true,
    }),
    markAllRead: mutation({
      summary: 'Mark everything up to one notification as read; later arrivals stay unread',
      input: z.object({ upTo: id }),
      output: changed,
      examples: [{ upTo: example.notification }],
      access: user,
      idempotent: true,
      errors: {
        NOTIFICATION_NOT_FOUND: error('NOT_FOUND', 'There is no such notification', z.object({ id })),
      },
    }),
    markLinkRead: mutation({
      summary: 'Mark the calling service’s notifications about one link as read, for the user',
      input: z.object({ link }),
      output: changed,
      examples: [{ link: '/pages/docs/start' }],
      access: actingFor(services('wiki'), user),
      idempotent: true,
    }),
    watch: subscription({
      summary: 'The calling user’s notifications as they arrive, and after a reconnect those missed',
      input: z.object({ lastEventId: id.nullish() }).optional(),
      output: notification,
      examples: [{ lastEventId: example.notification }],
      access: user,
    }),
  },
  broadcasts: {
    send: mutation({
      summary: 'Notify all administrators; repeating a key changes nothing',
      input: message.extend({ key: idempotencyKey }),
      output: z.object({ id, outcome: z.enum(['stored', 'duplicate']) }),
      examples: [{ key: 'maintenance-1', title: 'Maintenance', body: 'Tonight from 22:00 UTC.' }],
      access: admin,
      idempotent: true,
      errors: { KEY_REUSED: keyReused },
    }),
    list: query({
      summary:
        'Notifications to all administrators, newest first; those from before the caller became one do not count as unread',
      input: listInput.extend({ unreadOnly: z.boolean().default(false) }).prefault({}),
      output: listOf(broadcast),
      examples: [{ limit: 10 }],
      access: admin,
    }),
    unreadCount: query({ summary: 'How many are unread', output: count, access: admin }),
    markRead: mutation({
      summary: 'Mark notifications as read for the calling administrator',
      input: ids,
      output: changed,
      examples: [{ ids: [example.broadcast] }],
      access: admin,
      idempotent: true,
    }),
  },
  preferences: {
    get: query({ summary: 'The topics that the calling user has muted', output: preferences, access: user }),
    set: mutation({
      summary: 'Mute exactly these topics',
      input: preferences,
      output: preferences,
      examples: [{ muted: ['page'] }],
      access: user,
      idempotent: true,
    }),
  },
});

type Procedures = (typeof notificationContract)['procedures'];

/** The input of a procedure that sends, with the topics of one service. */
type Narrowed<Input, Sender extends string> = Input extends { readonly messages: (infer One)[] }
  ? Omit<Input, 'messages'> & { readonly messages: Narrowed<One, Sender>[] }
  : Input & { readonly topic: TopicOf<Sender> };

/** A procedure that sends, as one service may call it. */
type Sent<Send extends AnyProcedure, Sender extends string> = Omit<Send, 'input'> & {
  readonly input: z.ZodType<z.output<Send['input']>, Narrowed<z.input<Send['input']>, Sender>>;
};

/** The procedures that send. */
type Sending = 'send' | 'sendMany' | 'sendBatch';

/** The contract as one service sees it, without the topics of others. */
export type NotificationContractOf<Sender extends string> = Contract<
  'notification',
  Omit<Procedures, 'notifications'> & {
    readonly notifications: Omit<Procedures['notifications'], Sending> & {
      readonly [Name in Sending]: Sent<Procedures['notifications'][Name], Sender>;
    };
  }
>;

/**
 * The contract for the client of one service, which cannot send topics of others.
 *
 * @example connect(notificationContractFor<'wiki'>(), { as: 'wiki', … });
 */
export function notificationContractFor<Sender extends string>(): NotificationContractOf<Sender> {
  // The value is the same for all services; the server checks each topic.
  return notificationContract as unknown as NotificationContractOf<Sender>;
}
