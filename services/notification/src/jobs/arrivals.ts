import type { Logger } from '@arcadium/mesh/telemetry';
import type { DatabaseUrl } from '@arcadium/postgres/database';
import { Listener } from '@arcadium/postgres/listener';
import type { ArrivalStore } from '../stores/arrival-store.ts';
import type { StoredNotification } from '../stores/arrival-store.ts';
import { Mailbox } from '../domain/mailbox.ts';

export interface ArrivalsOptions {
  /** For LISTEN: PostgreSQL itself, without a pooler. */
  databaseUrl: DatabaseUrl;
  /** Longest wait for that connection, in milliseconds. @default 5000 */
  connectTimeoutMs?: number;
  /**
   * The service's schema, whose trigger announces arrivals on `<schema>.arrivals`.
   *
   * @default 'notification'
   */
  schema?: string;
  store: ArrivalStore;
  log: Logger;
  /**
   * Most notifications that wait for one slow watcher; beyond that, it catches up from the database.
   *
   * @default 100
   */
  mailboxLimit?: number;
}

/** Most notifications in one query. */
const mostReadAtOnce = 200;
/** Most announcements that wait to be read; beyond that, their watchers catch up. */
const mostAnnounced = 5000;

type Announcement = Readonly<{ userId: string; id: string }>;

/**
 * Brings notifications stored by any process to the watchers of this one. PostgreSQL announces each
 * notification when it commits, in commit order. Those for users who watch here are read by id, once for all
 * watchers, and put into their mailboxes. Whenever announcements may have been missed, watchers are told to
 * catch up.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #listener: Listener;
  readonly #mailboxes = new Map<string, Set<Mailbox<StoredNotification>>>();
  #announced: Announcement[] = [];
  #reading: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#listener = new Listener({
      url: options.databaseUrl,
      channel: `${options.schema ?? 'notification'}.arrivals`,
      onConnect: () => this.#adviseCatchUp(this.#mailboxes.keys()),
      onPayload: (payload) => this.#announce(payload),
      log: options.log,
      ...(options.connectTimeoutMs !== undefined && { connectTimeoutMs: options.connectTimeoutMs }),
    });
  }

  /** Whether announcements are received now; if not, watchers get notifications later. */
  get listening(): boolean {
    return this.#listener.listening;
  }

  /** Number of watchers. */
  get watchers(): number {
    let count = 0;
    for (const mailboxes of this.#mailboxes.values()) count += mailboxes.size;
    return count;
  }

  /** Starts to listen, without waiting for the database. */
  start(): void {
    this.#listener.start();
  }

  /** Ends every watch and closes the connection. May be called several times. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#announced = [];
    for (const mailboxes of this.#mailboxes.values()) for (const mailbox of mailboxes) mailbox.close();
    await this.#listener.stop();
    await this.#reading;
  }

  /** Opens a mailbox for a user's arrivals from now on, until the signal or its `close()`. */
  open(userId: string, signal: AbortSignal): Mailbox<StoredNotification> {
    const mailbox = new Mailbox<StoredNotification>(userId, this.#options.mailboxLimit ?? 100);
    const mailboxes = this.#mailboxes.get(mailbox.userId) ?? new Set();
    this.#mailboxes.set(mailbox.userId, mailboxes.add(mailbox));
    const close = () => mailbox.close();
    signal.addEventListener('abort', close, { once: true });
    mailbox.signal.addEventListener('abort', () => {
      signal.removeEventListener('abort', close);
      mailboxes.delete(mailbox);
      if (mailboxes.size === 0 && this.#mailboxes.get(mailbox.userId) === mailboxes)
        this.#mailboxes.delete(mailbox.userId);
    });
    if (signal.aborted || this.#stopped) mailbox.close();
    return mailbox;
  }

  #adviseCatchUp(userIds: Iterable<string>): void {
    for (const userId of userIds)
      for (const mailbox of this.#mailboxes.get(userId) ?? []) mailbox.adviseCatchUp();
  }

  #announce(payload: string): void {
    for (const one of payload.split(',')) {
      const [userId, id] = one.split(' ');
      if (userId && id && this.#mailboxes.has(userId)) this.#announced.push({ userId, id });
    }
    if (this.#announced.length > mostAnnounced) {
      this.#adviseCatchUp(this.#announced.splice(0).map(({ userId }) => userId));
    }
    if (this.#announced.length > 0) this.#reading ??= this.#read();
  }

  /** Reads the announced notifications and distributes them, until none is left. Never fails. */
  async #read(): Promise<void> {
    while (this.#announced.length > 0) {
      const batch = this.#announced.splice(0, mostReadAtOnce);
      try {
        const rows = await this.#options.store.byIds(batch.map(({ id }) => id));
        const byId = new Map(rows.map((row) => [row.id, row]));
        for (const { userId, id } of batch) {
          const row = byId.get(id);
          if (row) for (const mailbox of this.#mailboxes.get(userId) ?? []) mailbox.put(row);
        }
      } catch (error) {
        this.#options.log.warn(
          { err: error },
          'could not read new notifications, open streams catch up later',
        );
        this.#adviseCatchUp(new Set(batch.map(({ userId }) => userId)));
      }
    }
    // Not in a `finally`, which would run later: an announcement in between would stay unread.
    this.#reading = undefined;
  }
}
