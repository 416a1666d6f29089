import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** One page of the list of revocations, or one event of the stream. */
export const revocationEvent = z.object({
  /** Times are ISO 8601 in the event, and milliseconds since 1970 once parsed. */
  items: z.array(z.object({ id: z.string().min(1), expiresAt: z.iso.datetime().transform(Date.parse) })),
  /** Position of the last item in the source's order; grows only. */
  position: z.int().min(0),
  /** Whether the source has nothing after this position. */
  complete: z.boolean(),
  /** Whether the order has started again: all earlier events are void. */
  reset: z.boolean(),
});

/** An event as a source sends it. */
export type RevocationEvent = z.input<typeof revocationEvent>;

/** An event, parsed. */
export type ReadRevocations = z.output<typeof revocationEvent>;

/** Longest interval of a stream's events, interval of polls, and longest wait for a poll's answer, in milliseconds. */
export const heartbeatMs = 1000;

/** Where revocations come from. Its events are validated by the reader. */
export interface RevocationSource {
  /**
   * The revocations after a position, oldest first, at most one page.
   *
   * @throws Any error, if it cannot answer.
   */
  list(after: number, signal: AbortSignal): Promise<unknown>;
  /** Sends each revocation after a position as it happens, and an event at least every second. */
  watch(watching: RevocationWatch): { stop(): void };
}

/** The receiver of a stream of revocations. */
export interface RevocationWatch {
  /** Position after which the stream starts. */
  readonly after: number;
  onEvent(event: unknown): void;
  /** Called once, when the stream has ended by itself. */
  onEnd(reason: unknown): void;
}

/** The procedures of a service that serves revocations, as a mesh client has them. */
export interface RevocationProcedures {
  list: {
    query(
      input: { after: number },
      options: { signal: AbortSignal; context: { deadlineMs: number; repeated: true } },
    ): Promise<unknown>;
  };
  watch: {
    subscribe(
      input: { lastEventId: string },
      options: {
        onData(event: { data: unknown }): void;
        onError(error: unknown): void;
        onComplete(): void;
        context: { repeated: true };
      },
    ): { unsubscribe(): void };
  };
}

/**
 * Makes a source of another service. @param procedures For example `connect(authContract, …).revocations`.
 *
 * @example
 * declare const procedures: RevocationProcedures; // of a client of auth
 * const source = remoteRevocations(procedures);
 */
export function remoteRevocations({ list, watch }: RevocationProcedures): RevocationSource {
  // `repeated`: the follower logs failures itself.
  return {
    list: (after, signal) =>
      list.query({ after }, { signal, context: { deadlineMs: heartbeatMs, repeated: true } }),
    watch({ after, onEvent, onEnd }) {
      const subscription = watch.subscribe(
        { lastEventId: String(after) },
        {
          onData: ({ data }) => onEvent(data),
          onError: onEnd,
          onComplete: () => onEnd('the stream was completed'),
          context: { repeated: true },
        },
      );
      return { stop: () => subscription.unsubscribe() };
    },
  };
}

/**
 * Delay before the service that keeps the list applies an event itself, in milliseconds: the event may revoke the
 * credentials of a follower, and has to reach it first.
 */
const applyAfterMs = 50;

/**
 * Makes a source of what this process knows, for the service that keeps the list of revocations.
 *
 * @example
 * const source = ownRevocations({
 *   list: async (after) => ({ items: [], position: after, complete: true, reset: false }),
 *   watch: async function* () {},
 * });
 */
export function ownRevocations(own: {
  list(after: number, signal: AbortSignal): Promise<RevocationEvent>;
  /** Ends when its signal fires. */
  watch(after: number, signal: AbortSignal): AsyncIterable<RevocationEvent>;
}): RevocationSource {
  return {
    list: (after, signal) => own.list(after, signal),
    watch({ after, onEvent, onEnd }) {
      const over = new AbortController();
      const read = async (): Promise<void> => {
        for await (const event of own.watch(after, over.signal)) {
          if (event.items.length > 0) await sleep(applyAfterMs);
          if (over.signal.aborted) return;
          onEvent(event);
        }
      };
      read().then(
        () => over.signal.aborted || onEnd('the stream was completed'),
        (error: unknown) => over.signal.aborted || onEnd(error),
      );
      return { stop: () => over.abort() };
    },
  };
}
