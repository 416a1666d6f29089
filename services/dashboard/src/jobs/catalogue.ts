import type { ProcedureView } from '@arcadium/contracts/dashboard';
import { z } from 'zod';
import type { Target } from '../domain/round.ts';
import { ask } from './ask.ts';

/** What a service says of a procedure. */
export type CatalogueEntry = Pick<ProcedureView, 'path' | 'kind' | 'summary' | 'access'>;

/** What is read of `/`. */
const frontDoor = z.object({
  procedures: z
    .array(
      z
        .object({
          path: z.string().startsWith('/trpc/').max(200),
          kind: z.enum(['query', 'mutation', 'subscription']),
          summary: z.string().max(500),
          for: z.string().max(500),
        })
        .transform(({ path, kind, summary, for: access }) => ({
          path: path.slice('/trpc/'.length),
          kind,
          summary,
          access,
        })),
    )
    .max(500),
});

/** How long an answer is used before it is asked for again, in milliseconds. */
const freshMs = 60_000;
/** Longest wait for an answer, in milliseconds. */
const limitMs = 2000;
/** How long after a service that did not answer is asked again, in milliseconds. */
const againMs = 10_000;

/** The procedures that each service offers, by what it answers at `/`. They stay known while it is down. */
export class Catalogue {
  readonly #known = new Map<string, readonly CatalogueEntry[]>();
  /** When a service is asked again, by `performance.now()`. */
  readonly #dueMs = new Map<string, number>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  /**
   * The procedures of a service. Waits only if they were never known; an old answer is replaced in the background.
   *
   * @param urls The origins of its processes, of which one that answers is enough.
   * @returns None if no process has answered yet.
   */
  async of(service: string, urls: readonly string[]): Promise<readonly CatalogueEntry[]> {
    const refreshed = this.refresh(service, urls);
    if (!this.#known.has(service)) await refreshed;
    return this.#known.get(service) ?? [];
  }

  /** Asks a service if its answer is old; resolves also if it does not answer. */
  refresh(service: string, urls: readonly string[]): Promise<void> {
    const asking = this.#asking.get(service);
    if (asking) return asking;
    if (performance.now() < (this.#dueMs.get(service) ?? 0)) return Promise.resolve();
    const asked = this.#ask(service, urls).finally(() => this.#asking.delete(service));
    this.#asking.set(service, asked);
    return asked;
  }

  /** Asks services that were never asked, and forgets those that are no longer watched. */
  follow(targets: readonly Target[]): void {
    const services = new Set(targets.map(({ service }) => service));
    for (const known of this.#dueMs.keys()) {
      if (services.has(known)) continue;
      this.#dueMs.delete(known);
      this.#known.delete(known);
    }
    for (const service of services) {
      if (this.#known.has(service)) continue;
      void this.refresh(
        service,
        targets.filter((target) => target.service === service).map(({ url }) => url),
      );
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#asking.values());
  }

  async #ask(service: string, urls: readonly string[]): Promise<void> {
    let waitMs = againMs;
    for (const url of urls) {
      const found = await this.#read(url);
      if (!found) continue;
      this.#known.set(service, found);
      waitMs = freshMs;
      break;
    }
    this.#dueMs.set(service, performance.now() + waitMs);
  }

  async #read(url: string): Promise<CatalogueEntry[] | undefined> {
    try {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(limitMs)]);
      const { status, text } = await ask(`${url}/`, { signal });
      return status === 200 ? frontDoor.parse(JSON.parse(text)).procedures : undefined;
    } catch {
      return undefined; // the checks of this process say why
    }
  }
}
