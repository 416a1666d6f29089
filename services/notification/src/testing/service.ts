import { randomUUID } from 'node:crypto';
import { notificationContract } from '@arcadium/contracts/notification';
import {
  admit,
  entriesOf,
  errorFactories,
  type AnyProcedure,
  type Caller,
  type PathOf,
  type ProcedureAt,
  type UserIdentity,
} from '@arcadium/mesh/contract';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openDatabase } from '@arcadium/postgres/database';
import { PrismaClient } from '@arcadium/prisma/notification';
import { createTestDatabase } from '@arcadium/prisma/testing';
import pg from 'pg';
import type { z } from 'zod';
import { Arrivals, type ArrivalsOptions } from '../jobs/arrivals.ts';
import { createHandlers } from '../router.ts';
import { createStores } from '../stores/stores.ts';

type Procedures = (typeof notificationContract)['procedures'];
type Path = PathOf<Procedures>;
type At<P extends Path> = Extract<ProcedureAt<Procedures, P>, AnyProcedure>;

export const log = createLogger({ service: 'notification', level: 'silent' });

/** A calling service. */
export function service(name: 'wiki' | 'auth'): Caller {
  return { service: { id: randomUUID(), name, tokenId: randomUUID(), expiresAt: Infinity }, user: undefined };
}

/** A user who calls directly. */
export function user(
  id: string = randomUUID(),
  role: 'user' | 'admin' = 'user',
): Caller & { user: UserIdentity } {
  return {
    service: undefined,
    user: { id, name: 'somebody', role, tokenId: randomUUID(), expiresAt: Infinity },
  };
}

/** An administrator who calls directly. @param roleSince Since when they are one, if their token says so. */
export function admin(roleSince?: Date): Caller & { user: UserIdentity } {
  const { user: somebody } = user(randomUUID(), 'admin');
  return { service: undefined, user: { ...somebody, roleSince: roleSince?.getTime() } };
}

/** Differences from the default test service. */
export interface TestServiceOptions extends Pick<ArrivalsOptions, 'mailboxLimit'> {
  /** Maps the database's URL to the one for LISTEN. @default the same */
  listenAt?: (url: string) => Promise<string>;
}

/** The service on its own database, without the network: calls go directly to the handlers. */
export async function openService({ listenAt = async (url) => url, ...options }: TestServiceOptions = {}) {
  const testDatabase = await createTestDatabase(['notification']);
  const url = testDatabase.url('notification');
  const database = openDatabase({ url, schema: 'notification', client: PrismaClient, log });
  const stores = createStores(database.client);
  const databaseUrl = await listenAt(url);
  const arrivals = new Arrivals({ databaseUrl, store: stores.arrivals, log, ...options });
  const handlers = createHandlers({ stores, arrivals });
  return {
    url,
    adminUrl: testDatabase.adminUrl,
    client: database.client,
    /** For SQL in tests. */
    pool: database.pool,
    stores,
    arrivals,
    /** Calls a query or mutation as a server would, with the contract's checks of input and output. */
    async call<P extends Path>(
      path: P,
      caller: Caller,
      input?: z.input<At<P>['input']>,
    ): Promise<z.output<At<P>['output']>> {
      const { procedure, handler, call } = prepare(handlers, path, {
        caller,
        input,
        signal: new AbortController().signal,
      });
      return procedure.output.parse(await handler(call)) as z.output<At<P>['output']>;
    },
    /** Subscribes a user to their notifications. */
    watch(userId: string, lastEventId?: string): Watch {
      const abort = new AbortController();
      const input = lastEventId === undefined ? undefined : { lastEventId };
      const { handler, call } = prepare(handlers, 'notifications.watch', {
        caller: user(userId),
        input,
        signal: abort.signal,
      });
      return new Watch(handler(call) as AsyncIterable<[string, { id: string }, symbol]>, abort);
    },
    async close(): Promise<void> {
      await arrivals.stop();
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type TestService = Awaited<ReturnType<typeof openService>>;

/** A subscription, read one by one or, after `pump()`, continuously. */
export class Watch {
  /** Received ids, in order. */
  readonly received: string[] = [];
  readonly #events: AsyncIterator<[string, { id: string }, symbol]>;
  readonly #abort: AbortController;

  constructor(events: AsyncIterable<[string, { id: string }, symbol]>, abort: AbortController) {
    this.#events = events[Symbol.asyncIterator]();
    this.#abort = abort;
  }

  /** Receives one more. @returns False at the end. */
  async next(): Promise<boolean> {
    const { done, value } = await this.#events.next();
    if (done) return false;
    if (value[0] !== value[1].id) throw new Error('an event must be tracked by its own id');
    this.received.push(value[0]);
    return true;
  }

  /** Receives until the end. */
  async pump(): Promise<void> {
    while (await this.next());
  }

  /** Ends it as a caller that disconnects would. */
  abort(): void {
    this.#abort.abort();
  }
}

function prepare(
  handlers: ReturnType<typeof createHandlers>,
  path: Path,
  { caller, input, signal }: { caller: Caller; input: unknown; signal: AbortSignal },
) {
  const procedure = entriesOf(notificationContract).find((entry) => entry.path === path)?.procedure;
  if (!procedure) throw new Error(`the contract has no ${path}`);
  if (admit(procedure.access, caller) !== 'admitted') throw new Error(`${path} does not admit this caller`);
  const [group, name] = path.split('.') as [string, string];
  const handler = (handlers as unknown as Record<string, Record<string, (call: unknown) => unknown>>)[
    group
  ]?.[name];
  if (!handler) throw new Error(`there is no handler for ${path}`);
  const call = {
    input: procedure.input.parse(input),
    caller,
    errors: errorFactories(procedure.errors),
    signal,
    log,
    requestId: randomUUID(),
  };
  return { procedure, handler, call };
}

/** A separate connection, for transactions that a test holds open. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
