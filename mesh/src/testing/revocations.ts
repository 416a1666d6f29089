import { z } from 'zod';
import { anyService, contract, query, subscription } from '../contract/index.ts';
import type { Authenticate, RevocationEvent, RevocationSource, RevocationWatch } from '../identity/index.ts';
import { serve, tracked, type RunningService } from '../server/index.ts';
import { silentLogger } from './logger.ts';

// As narrow as that of auth: a client of auth's contract must be able to read it.
const page = z.object({
  items: z.array(z.object({ id: z.string(), expiresAt: z.iso.datetime() })).max(1000),
  position: z.int().min(0),
  complete: z.boolean(),
  reset: z.boolean(),
});

/**
 * Contract of a service that publishes revocations.
 *
 * @example
 * const client = connect(registry, { url: 'http://localhost:8000', as: 'shop' });
 */
export const registry = contract('registry', {
  revocations: {
    list: query({
      summary: 'What is revoked',
      input: z.object({ after: z.int().default(0) }).prefault({}),
      output: page,
      access: anyService,
    }),
    watch: subscription({
      summary: 'Revocations as they happen',
      input: z.object({ lastEventId: z.string().nullish() }).optional(),
      output: page,
      access: anyService,
    }),
  },
});

/**
 * Serves a list of revocations. @param port 0 for any free port
 *
 * @example
 * const { authenticate } = await createTestIdentity();
 * const service = await startRegistry(new RevocationList(), authenticate);
 */
export async function startRegistry(
  list: RevocationList,
  authenticate: Authenticate,
  port = 0,
): Promise<RunningService> {
  const started = await serve(
    registry,
    {
      revocations: {
        list: ({ input, signal }) => list.list(input.after, signal),
        async *watch({ input, signal }) {
          for await (const told of list.events(Number(input?.lastEventId ?? 0), signal))
            yield tracked(String(told.position), told);
        },
      },
    },
    {
      version: '1',
      port,
      log: silentLogger,
      authenticate,
      pingDatabase: async () => {},
      drainTimeoutMs: 200,
    },
  );
  started.ready();
  return started;
}

/**
 * A list of revocations like that of auth, in memory, with faults that a test controls.
 *
 * @example
 * const list = new RevocationList();
 * list.revoke('the jti of a token', Date.now() + 60_000);
 */
export class RevocationList implements RevocationSource {
  /** Most revocations in an event. */
  pageSize = 1000;
  /** Whether it reports a reader's position that is ahead of the list. */
  saysReset = true;
  lists: 'answers' | 'fails' | 'is silent' = 'answers';
  /** Affects new watches only. */
  watches: 'answers' | 'fails' | 'is silent' = 'answers';
  /** Requests so far, and the most at once. */
  readonly asked = { lists: 0, atOnce: 0, watches: 0, after: [] as number[] };
  #entries: { id: string; expiresAt: string; position: number }[] = [];
  #position = 0;
  readonly #open = new Map<RevocationWatch, { position: number; timer: NodeJS.Timeout | undefined }>();
  #asking = 0;

  /** Number of open watches. */
  get open(): number {
    return this.#open.size;
  }

  /** Adds a revocation and informs the watches. */
  revoke(id: string, expiresAt = Date.now() + 15 * 60_000): void {
    this.#position += 1;
    this.#entries.push({ id, expiresAt: new Date(expiresAt).toISOString(), position: this.#position });
    for (const watch of this.#open.keys()) this.#tell(watch);
  }

  /** Restarts with an empty list at position 0. */
  startAnew(): void {
    this.#entries = [];
    this.#position = 0;
  }

  /** Revocations after a position. */
  after(position: number): RevocationEvent {
    const reset = this.saysReset && position > this.#position;
    const rest = this.#entries.filter((entry) => reset || entry.position > position);
    const entries = rest.slice(0, this.pageSize);
    const complete = entries.length === rest.length;
    return {
      items: entries.map(({ id, expiresAt }) => ({ id, expiresAt })),
      position: complete ? this.#position : (entries.at(-1)?.position ?? 0),
      complete,
      reset,
    };
  }

  async list(after: number, signal: AbortSignal): Promise<RevocationEvent> {
    this.asked.lists += 1;
    this.asked.after.push(after);
    this.#asking += 1;
    this.asked.atOnce = Math.max(this.asked.atOnce, this.#asking);
    try {
      if (this.lists === 'fails') throw new Error('nobody is there');
      if (this.lists === 'is silent')
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return this.after(after);
    } finally {
      this.#asking -= 1;
    }
  }

  watch(watch: RevocationWatch): { stop(): void } {
    this.asked.watches += 1;
    this.asked.after.push(watch.after);
    if (this.watches === 'fails') {
      watch.onEnd(new Error('nobody is there'));
      return { stop: () => {} };
    }
    const state = { position: watch.after, timer: undefined as NodeJS.Timeout | undefined };
    this.#open.set(watch, state);
    if (this.watches === 'answers') {
      state.timer = setInterval(() => this.#tell(watch), 1000);
      queueMicrotask(() => this.#tell(watch));
    }
    return { stop: () => this.#close(watch) };
  }

  /** `watch` as a generator, for a handler. */
  async *events(after: number, signal: AbortSignal): AsyncGenerator<RevocationEvent> {
    const told: RevocationEvent[] = [];
    let wake = Promise.withResolvers<void>();
    const watching = this.watch({
      after,
      onEvent: (event) => {
        told.push(event as RevocationEvent);
        wake.resolve();
      },
      onEnd: () => {},
    });
    signal.addEventListener('abort', () => wake.resolve(), { once: true });
    try {
      while (!signal.aborted) {
        yield* told.splice(0);
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      watching.stop();
    }
  }

  /** Ends all watches. */
  end(reason: unknown): void {
    for (const watch of this.#open.keys()) {
      this.#close(watch);
      watch.onEnd(reason);
    }
  }

  /** Stops events of open watches without ending them. */
  silence(): void {
    for (const state of this.#open.values()) {
      clearInterval(state.timer);
      state.timer = undefined;
    }
  }

  /** Sends any event to the watches. */
  say(event: unknown): void {
    for (const watch of this.#open.keys()) watch.onEvent(event);
  }

  #tell(watch: RevocationWatch): void {
    for (;;) {
      const state = this.#open.get(watch);
      if (!state?.timer) return;
      const event = this.after(state.position);
      state.position = event.position;
      watch.onEvent(event);
      if (event.complete) return;
    }
  }

  #close(watch: RevocationWatch): void {
    clearInterval(this.#open.get(watch)?.timer);
    this.#open.delete(watch);
  }
}
