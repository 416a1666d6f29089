import type { ReadAt } from '@arcadium/mesh/exposition';
import { reasonOf } from '../call/reason.ts';
import { fetchOfService } from '../call/service-fetch.ts';
import type { CallMeters } from './call-meters.ts';

/** Longest wait for an answer, in milliseconds. */
const timeoutMs = 3000;

/** A process that was not read, and why. */
export type Unread = Readonly<{ service: string; url: string; reason: string }>;

/** Reads `/metrics` of every endpoint of every service: what a service answers is known while others are down. */
export class MetricsReader {
  readonly #processes: readonly { service: string; url: string; read: (text: string, at: ReadAt) => void }[];
  readonly #credentials: () => Promise<Record<string, string>>;
  #readAtMs: number | undefined;

  /** @param credentials Headers for services that refuse `/metrics` without; only called then. */
  constructor(
    urls: ReadonlyMap<string, readonly string[]>,
    meters: CallMeters,
    credentials: () => Promise<Record<string, string>>,
  ) {
    this.#processes = [...urls].flatMap(([service, endpoints]) =>
      endpoints.map((url) => ({ service, url, read: meters.processOf(service) })),
    );
    this.#credentials = credentials;
  }

  get size(): number {
    return this.#processes.length;
  }

  /** Reads all. @returns Seconds since the reading before, 0 for the first, and the processes that were not read. */
  async read(): Promise<{ seconds: number; unread: Unread[] }> {
    const nowMs = performance.now();
    const roundMs = nowMs - (this.#readAtMs ?? nowMs);
    this.#readAtMs = nowMs;
    const results = await Promise.all(
      this.#processes.map(async ({ service, url, read }) => {
        try {
          const text = await this.#ask(url);
          read(text, { at: Date.now(), nowMs, roundMs });
          return [];
        } catch (error) {
          return [{ service, url, reason: reasonOf(error) }];
        }
      }),
    );
    return { seconds: roundMs / 1000, unread: results.flat() };
  }

  async #ask(url: string): Promise<string> {
    const target = new URL('/metrics', url);
    const options = { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) } as const;
    let answer = await fetchOfService(target, options);
    if (answer.status === 401 || answer.status === 403)
      answer = await fetchOfService(target, { ...options, headers: await this.#credentials() });
    if (answer.ok) return answer.text();
    throw new Error(
      answer.status === 404
        ? '/metrics is not at this port: see METRICS_PORT'
        : `HTTP ${answer.status} from /metrics`,
    );
  }
}
