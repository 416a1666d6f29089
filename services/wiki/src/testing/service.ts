import { randomUUID } from 'node:crypto';
import { wikiContract } from '@arcadium/contracts/wiki';
import {
  nobody,
  MeshError,
  type AnyProcedure,
  type Caller,
  type PathOf,
  type ProcedureAt,
} from '@arcadium/mesh/contract';
import { compile, rawCallOf } from '@arcadium/mesh/server';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { startTrace } from '@arcadium/mesh/telemetry';
import { openDatabase } from '@arcadium/postgres/database';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import type { z } from 'zod';
import { createHandlers } from '../router.ts';
import { createTestDeps } from './deps.ts';

type Procedures = (typeof wikiContract)['procedures'];
type Path = PathOf<Procedures>;
type At<P extends Path> = Extract<ProcedureAt<Procedures, P>, AnyProcedure>;

export type TestUser = Caller & { user: { id: string; name: string } };

/** A user who calls directly. */
export function user(name = 'somebody', role: 'user' | 'admin' = 'user'): TestUser {
  return {
    service: undefined,
    user: { id: randomUUID(), name, role, tokenId: randomUUID(), expiresAt: Infinity },
  };
}

/** The wiki on its own database. Calls pass the contract's checks, but no network. */
export async function openWiki() {
  const testDatabase = await createTestDatabase(['wiki']);
  const url = testDatabase.url('wiki');
  const database = openDatabase({ url, schema: 'wiki', client: PrismaClient, log });
  const clock = createClock();
  const deps = createTestDeps({ database: database.client, now: clock.now });
  const handlers = createHandlers(deps);
  const procedures = new Map(compile(wikiContract, handlers, { log }).map((one) => [one.path, one]));

  async function call<P extends Path>(
    path: P,
    caller: Caller,
    input: z.input<At<P>['input']>,
    idempotencyKey: string = randomUUID(),
  ): Promise<z.output<At<P>['output']>> {
    const known = { caller, requestId: 'test', trace: startTrace(), idempotencyKey };
    const answer = await procedures.get(path)?.call(rawCallOf(known, { readInput: () => input }));
    return answer as z.output<At<P>['output']>;
  }

  return {
    url,
    /** The superuser's URL of the same database. */
    adminUrl: testDatabase.adminUrl,
    clock,
    /** The links whose notifications were marked as read. */
    markedRead: deps.markedRead,
    client: database.client,
    /** For SQL in tests. */
    pool: database.pool,
    call,
    /** Calls without credentials. */
    ask: <P extends Path>(path: P, input: z.input<At<P>['input']>) => call(path, nobody, input),
    /** Publishes a page with an arbitrary text. */
    publish: (slug: string, { by = user(), ...page }: PublishOptions = {}) =>
      call('pages.create', by, { slug, title: slug, body: 'Words.', ...page }),
    /** All items of a list, from all its pages. */
    async all<P extends ListPath>(path: P, input: z.input<At<P>['input']>): Promise<ItemOf<P>[]> {
      const items: ItemOf<P>[] = [];
      let cursor: string | null = null;
      do {
        const answer: { items: unknown[]; nextCursor: string | null } = await call(path, user(), {
          ...input,
          ...(cursor === null ? {} : { cursor }),
        } as typeof input);
        items.push(...(answer.items as ItemOf<P>[]));
        cursor = answer.nextCursor;
      } while (cursor !== null);
      return items;
    },
    async close(): Promise<void> {
      await deps.reader.close();
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type TestWiki = Awaited<ReturnType<typeof openWiki>>;

type PublishOptions = { by?: TestUser; title?: string; body?: string; parentId?: string | null };
type ListPath = { [P in Path]: z.output<At<P>['output']> extends { nextCursor: unknown } ? P : never }[Path];
type ItemOf<P extends ListPath> = z.output<At<P>['output']> extends { items: (infer Item)[] } ? Item : never;

/** A clock that advances by a second with each reading, so that no two changes have the same time. */
function createClock() {
  let at = Date.parse('2026-01-01T00:00:00Z');
  return {
    now: () => new Date((at += 1000)),
    /** Makes the next readings the same. */
    freeze() {
      this.now = () => new Date(at);
    },
  };
}

/** The error of a call as `CODE` or `CODE NAME`, or `done`. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return [error.code, error.named?.name].filter(Boolean).join(' ');
  }
}
