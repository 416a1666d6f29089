import { afterEach, beforeEach } from 'vitest';
import { z } from 'zod';
import {
  connect,
  TransportError,
  type Answer,
  type Request,
  type CallError,
  type ConnectOptions,
  type Transport,
} from '../client/index.ts';
import { anyone, contract, error, mutation, query } from '../contract/index.ts';
import type { ErrorData } from '../wire/index.ts';
import { useFakeClock, type FakeClock } from './fake-clock.ts';
import { recordingLogger } from './logger.ts';

/** A contract with a procedure for each way in which a client treats calls. */
export const bank = contract('bank', {
  balance: query({ summary: 'Reads', output: z.object({ at: z.string() }), access: anyone }),
  quote: query({
    summary: 'Reads, hedged',
    output: z.object({ at: z.string() }),
    access: anyone,
    hedge: true,
  }),
  pay: mutation({
    summary: 'Once',
    output: z.object({ at: z.string() }),
    access: anyone,
    errors: { EMPTY: error('CONFLICT', 'There is nothing left', z.object({})) },
  }),
  book: mutation({
    summary: 'By key',
    output: z.object({ at: z.string() }),
    access: anyone,
    idempotent: 'by-key',
  }),
});

/** How an endpoint of a test handles an attempt. */
export type Behaviour = (attempt: Request, at: string) => Promise<Answer>;

const answered = (body: unknown, status = 200): Answer => ({ status, body, via: 'websocket' });
export const works: Behaviour = async (attempt, at) => {
  attempt.sent = true;
  return answered({ result: { data: { at } } });
};
export const after =
  (ms: number, then: Behaviour = works): Behaviour =>
  async (attempt, at) => {
    attempt.sent = true;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return then(attempt, at);
  };
export const silent: Behaviour = (attempt) => {
  attempt.sent = true;
  return new Promise(() => {});
};
/** Never connects. */
export const connecting: Behaviour = () => new Promise(() => {});
export const unreachable: Behaviour = async () => {
  throw new TransportError('nobody there', { reached: false });
};
export const lost: Behaviour = async (attempt) => {
  attempt.sent = true;
  throw new TransportError('the connection was closed', { reached: true });
};
export const refuses =
  (data: Partial<ErrorData> & Pick<ErrorData, 'code'>): Behaviour =>
  async (attempt) => {
    attempt.sent = true;
    return answered({ error: { message: data.code, code: -32603, data } }, 503);
  };
export const busy = refuses({ code: 'SERVICE_UNAVAILABLE', retry: 'safe' });
export const starting = refuses({
  code: 'SERVICE_UNAVAILABLE',
  retry: 'safe',
  retryAfterMs: 1000,
  notServing: true,
});

/** Banks on a fake clock, closed after each test. */
export class BankSuite {
  declare clock: FakeClock;
  readonly #cleanups: (() => unknown)[] = [];

  constructor() {
    beforeEach(() => {
      this.clock = useFakeClock();
    });
    afterEach(async () => {
      for (const cleanup of this.#cleanups.splice(0)) await cleanup();
      await this.clock[Symbol.asyncDispose]();
    });
  }

  /** Opens a bank with one endpoint per behaviour, which may be changed; records the attempts. */
  open(behaviours: Record<string, Behaviour>, options: Partial<ConnectOptions<'anyone'>> = {}) {
    const log = recordingLogger();
    const received: { at: string; attempt: Request; timeoutMs: number }[] = [];
    const leaving = new Set<string>();
    const made = connect(bank, {
      as: 'anyone',
      url: Object.keys(behaviours).map((name) => `http://127.0.0.1:${name}`),
      log,
      retryPolicy: { attempts: 3, baseMs: 1000, jitter: 0 },
      deadlineMs: 60_000,
      transport: ({ url }): Transport => {
        const at = new URL(url).port;
        return {
          url,
          get leaving() {
            return leaving.has(at);
          },
          send(attempt) {
            received.push({ at, attempt, timeoutMs: Number(attempt.headers['x-timeout-ms']) });
            return (behaviours[at] ?? unreachable)(attempt, at);
          },
          close: async () => {},
        };
      },
      ...options,
    });
    this.#cleanups.push(() => made[Symbol.asyncDispose]());
    const cameTo = () => received.map(({ at }) => at);
    return { bank: made, behaviours, received, cameTo, leaving, log };
  }

  /** Error of a call after `ms` milliseconds. */
  async failing(promise: Promise<unknown>, ms: number): Promise<CallError> {
    const seen = outcome(promise);
    await this.clock.advance(ms);
    return (await seen) as CallError;
  }
}

/** Settles to `{ value }` or to the error. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ value }),
    (thrown: unknown) => thrown,
  );
}
