import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { AnyContract } from '../../../contract/index.ts';
import {
  serve,
  tracked,
  type Handlers,
  type RunningService,
  type ServeOptions,
} from '../../../server/index.ts';
import {
  createTestIdentity,
  recordingLogger,
  silentLogger,
  type TestIdentity,
} from '../../../testing/index.ts';
import { after, before } from './two-releases.ts';
import { connect, type TransportName } from '../../index.ts';

/** What a call rejects with that does not fit. */
export const mismatch = { data: { code: 'CONTRACT_MISMATCH' } };

export const failureOf = (made: Promise<unknown>): Promise<unknown> =>
  made.catch((thrown: unknown) => thrown);

/** For a suite with services and clients of two releases, which end after each test. */
export function useReleases() {
  const cleanups: (() => unknown)[] = [];
  /** Calls that handlers got, by procedure. */
  const calls: string[] = [];
  let identity: TestIdentity;
  let token: string;
  beforeAll(async () => {
    identity = await createTestIdentity();
    token = await identity.serviceToken('till');
  });
  beforeEach(() => {
    calls.length = 0;
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  const called = <Result>(name: string, result: Result): Result => {
    calls.push(name);
    return result;
  };

  /** One event, and no end. */
  async function* events<Event>(name: string, event: Event, signal: AbortSignal) {
    yield tracked('1', called(name, event));
    if (!signal.aborted) await once(signal, 'abort');
  }

  async function start<From extends AnyContract>(
    from: From,
    handlers: Handlers<From>,
    options: Partial<ServeOptions> = {},
  ): Promise<RunningService> {
    const { authenticate } = identity;
    const service = await serve<From>(from, handlers, {
      version: '1.0.0',
      port: 0,
      log: silentLogger,
      authenticate,
      ...options,
    });
    service.ready();
    cleanups.push(() => service.stop());
    return service;
  }

  const startBefore = (options?: Partial<ServeOptions>) =>
    start<typeof before>(
      before,
      {
        get: async () => called('get', { name: 'lamp', state: 'new' }),
        find: async () => called('find', { found: 1 }),
        put: async () => called('put', { id: 1 }),
        drop: async () => called('drop', {}),
        watch: ({ signal }) => events('watch', { id: 1 }, signal),
        follow: ({ signal }) => events('follow', { id: 1 }, signal),
      },
      options,
    );

  const startAfter = (options?: Partial<ServeOptions>) =>
    start<typeof after>(
      after,
      {
        get: async () => called('get', { name: 'lamp', state: 'lost', price: 5 }),
        find: async () => called('find', { found: 1 }),
        put: async () => called('put', { id: 'a' }),
        count: async () => called('count', { all: 1 }),
        watch: ({ signal }) => events('watch', { id: 'a' }, signal),
        follow: ({ signal }) => events('follow', { id: 1, at: 'noon' }, signal),
      },
      { version: '2.0.0', ...options },
    );

  function clientOf<To extends AnyContract>(
    to: To,
    url: string | readonly string[],
    { transport = 'websocket' }: { transport?: TransportName } = {},
  ) {
    const log = recordingLogger();
    const retryPolicy = { attempts: 0, baseMs: 1, jitter: 0 };
    const client = connect<To, 'till'>(to, { as: 'till', url, token, log, transport, retryPolicy });
    cleanups.push(() => client[Symbol.asyncDispose]());
    const compared = (): Promise<unknown> =>
      vi.waitFor(
        () =>
          expect(log.lines.some(({ message }) => message.startsWith('the server has another contract'))).toBe(
            true,
          ),
        { timeout: 10_000 },
      );
    return { client, log, compared };
  }

  /** The token of the service `till`. */
  const tokenOf = (): string => token;
  return { cleanups, calls, startBefore, startAfter, clientOf, tokenOf };
}
