import { fetchOfService } from '../call/service-fetch.ts';

/** A call, as `/api/tap` of a service shows it. */
export interface TappedCall {
  readonly at: string;
  readonly procedure: string;
  readonly kind: string;
  readonly caller: string | null;
  readonly user: string | null;
  readonly code: string;
  readonly duration_ms: number;
  readonly request_id: string;
  readonly trace_id: string | null;
  readonly input?: string;
  readonly output?: string;
}

interface Page {
  readonly cursor: string;
  readonly lost: number;
  readonly calls: readonly TappedCall[];
}

/** Longest wait for an answer, in milliseconds. */
const timeoutMs = 5000;

/** A refusal: asking again does not help. */
export class TapRefused extends Error {}

/** Reads the calls of one endpoint of a service as they end; replicas behind one address are told apart by their cursors. */
export class TapReader {
  readonly url: string;
  readonly #credentials: () => Promise<Record<string, string>>;
  readonly #cursors = new Map<string, string>();

  /** @param credentials Headers of an administrator or a service. */
  constructor(url: string, credentials: () => Promise<Record<string, string>>) {
    this.url = url;
    this.#credentials = credentials;
  }

  /**
   * The calls since the last reading; none with the first.
   *
   * @throws TapRefused; what `fetch` throws.
   */
  async read(signal: AbortSignal): Promise<Pick<Page, 'calls' | 'lost'>> {
    const target = new URL('/api/tap', this.url);
    target.searchParams.set('after', [...this.#cursors.values()].join(','));
    const answer = await fetchOfService(target, {
      headers: await this.#credentials(),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (answer.status === 404)
      throw new TapRefused(
        `${this.url} does not show its calls: TAP is off there, or it is an older version`,
      );
    if (answer.status === 401 || answer.status === 403)
      throw new TapRefused(`${this.url} shows its calls to administrators and services only`);
    if (!answer.ok) throw new Error(`HTTP ${answer.status} from /api/tap`);
    const { cursor, lost, calls } = (await answer.json()) as Page;
    this.#cursors.set(cursor.split(':')[0] ?? '', cursor);
    return { calls, lost };
  }
}
