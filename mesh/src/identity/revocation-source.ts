import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** What a source of revocations tells, at each time it tells anything. */
export const revocationEvent = z.object({
  items: z.array(z.object({ id: z.string().min(1), expiresAt: z.iso.datetime().transform(Date.parse) })),
  /** Where in the order of revocations these end: it only ever grows. */
  position: z.int().min(0),
  /** Whether nothing more is there at this moment. */
  complete: z.boolean(),
  /** Whether what came before is void: the order of revocations has begun anew. */
  reset: z.boolean(),
});

/** The same as a source gives it: times are ISO 8601. */
export type RevocationEvent = z.input<typeof revocationEvent>;

/** The same, read. */
export type ReadRevocations = z.output<typeof revocationEvent>;

/** How often a source that is watched tells something, be it that there is nothing, in milliseconds. */
export const heartbeatMs = 1000;

/** Who knows what is revoked. What it gives is not trusted to be of the right shape. */
export interface RevocationSource {
  /**
   * What was revoked after a position, oldest first; as much of it as it likes to give at once.
   *
   * @throws Whatever keeps it from answering.
   */
  list(after: number, signal: AbortSignal): Promise<unknown>;
  /** The same as it happens, and an event each second at least. */
  watch(watching: RevocationWatch): { stop(): void };
}

/** One who watches a source. */
export interface RevocationWatch {
  /** The position that is known. */
  readonly after: number;
  /** Told each event. */
  onEvent(event: unknown): void;
  /** Told, once, that no more events come, and why. */
  onEnd(reason: unknown): void;
}

/** The procedures of a service that knows what is revoked, as a mesh client has them. */
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

/** Longest wait for one page of a list, in milliseconds. */
export const longestPageMs = 1000;

/** Another service as a source. @param procedures As `connect(authContract, …).revocations`. */
export function remoteRevocations({ list, watch }: RevocationProcedures): RevocationSource {
  return {
    list: (after, signal) =>
      list.query({ after }, { signal, context: { deadlineMs: longestPageMs, repeated: true } }),
    watch({ after, onEvent, onEnd }) {
      const subscription = watch.subscribe(
        { lastEventId: String(after) },
        {
          onData: ({ data }) => onEvent(data),
          onError: onEnd,
          onComplete: () => onEnd('the stream was completed'),
          // Whoever follows says what it means that these fail.
          context: { repeated: true },
        },
      );
      return { stop: () => subscription.unsubscribe() };
    },
  };
}

/**
 * How much later than others the service that keeps the list takes in what it tells, in milliseconds: an event may make
 * void what somebody follows with, and is to have left by then.
 */
const takenLaterMs = 50;

/** What the process itself knows, as a source: for the service that keeps the list of revocations. */
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
          if (event.items.length > 0) await sleep(takenLaterMs);
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
