import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { AnyContract } from '../../../contract/index.ts';
import { serve, type Handlers, type RunningService, type ServeOptions } from '../../../server/index.ts';
import {
  createTestIdentity,
  recordingLogger,
  silentLogger,
  type TestIdentity,
} from '../../../testing/index.ts';
import { connect, type TransportName } from '../../index.ts';

/** For a suite with services and clients of several releases, which end after each test. */
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

  return {
    cleanups,
    calls,
    start,
    clientOf,
    /** Of the service `till`. */
    token: () => token,
    /** The answer of a handler, which counts as called. */
    called<Result>(name: string, result: Result): Result {
      calls.push(name);
      return result;
    },
  };
}

/** What a call rejects with that is refused before it is sent. */
export const mismatch = { data: { code: 'CONTRACT_MISMATCH' } };
