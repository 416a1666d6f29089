import type { Logger } from '@arcadium/mesh/telemetry';
import { Listener } from '@arcadium/prisma/listener';
import type { ArrivalStore } from '../stores/arrival-store.ts';
import { Mailbox } from './mailbox.ts';

/** What {@link Arrivals} need. */
export interface ArrivalsOptions {
  /** For the connection that listens: PostgreSQL itself, no pooler. */
  databaseUrl: string;
  /** Longest wait for that connection, in milliseconds. @default 5000 */
  connectTimeoutMs?: number;
  /** The service's schema, whose trigger announces arrivals on `<schema>.arrivals`. @default 'notification' */
  schema?: string;
  store: ArrivalStore;
  log: Logger;
  /** Most notifications that wait for one slow watcher, before it has to catch up from the database. @default 100 */
  mailboxLimit?: number;
}

/** Most notifications read at once. */
const mostReadAtOnce = 200;
/** Most announcements that wait to be read; beyond, their watchers catch up. */
const mostAnnounced = 5000;

type Announcement = Readonly<{ userId: string; id: string }>;

/**
 * Brings what any process stores to the watchers of this one. PostgreSQL
 * announces each notification when it commits, in the order of commits; those
 * for somebody who watches here are read by id, once for all watchers, and put
 * into their mailboxes. Whenever announcements may have been missed, watchers
 * are told to catch up.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #listener: Listener;
  readonly #mailboxes = new Map<string, Set<Mailbox>>();
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
      logger: options.log,
      ...(options.connectTimeoutMs !== undefined && { connectTimeoutMs: options.connectTimeoutMs }),
    });
  }

  /** Whether arrivals are heard of at this moment; if not, watchers get them later. */
  get listening(): boolean {
    return this.#listener.listening;
  }

  /** How many watch. */
  get watchers(): number {
    let count = 0;
    for (const mailboxes of this.#mailboxes.values()) count += mailboxes.size;
    return count;
  }

  /** Begins to listen; does not wait for the database. */
  start(): void {
    this.#listener.start();
  }

  /** Ends every watch and closes the connection. May be called again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#announced = [];
    for (const mailboxes of this.#mailboxes.values()) for (const mailbox of mailboxes) mailbox.close();
    await this.#listener.stop();
    await this.#reading;
  }

  /** A mailbox for what arrives for a user from now on, until the signal or `close()` of the mailbox. */
  open(userId: string, signal: AbortSignal): Mailbox {
    const mailbox = new Mailbox(userId, this.#options.mailboxLimit ?? 100);
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

  /** Reads what was announced and hands it out, until nothing is left. Never fails. */
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
    // Here and not in a `finally`, which would run later: an announcement between the two would stay unread.
    this.#reading = undefined;
  }
}
