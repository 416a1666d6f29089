import {
  describedContract,
  type ExplorerProcedure,
  type ExplorerService,
} from '@arcadium/contracts/dashboard';
import { serviceTokenScheme } from '@arcadium/mesh/client';
import type { Tls } from '@arcadium/mesh/tls';
import { ask, problemOf } from './ask.ts';

/** How long a contract is used before it is read again, in milliseconds: a service may have been deployed. */
const freshMs = 5000;
/** The same after a refusal, which the service counts and logs: its setting may have been changed. */
const refusedMs = 300_000;
/** Longest wait for an answer, in milliseconds. */
const timeoutMs = 3000;

export interface ServiceContractsOptions {
  /** URLs of the replicas, by service; one that answers is enough. */
  watched: ReadonlyMap<string, readonly string[]>;
  /** The service token in force. */
  token: () => string;
  /** For services with https. @default as Node verifies them */
  tls?: Tls | undefined;
}

/** A procedure of a service, and where to call it. */
export interface Found {
  readonly url: string;
  readonly procedure: Pick<ExplorerProcedure, 'path' | 'kind'>;
  /** Makes its requests. */
  readonly fetch: typeof fetch;
}

interface Answer {
  readonly contract: ExplorerService;
  /** Whether the service refuses these credentials: CONTRACT_ACCESS is `admin`. */
  readonly refused: boolean;
}

interface Reading {
  /** When it is read again, by `performance.now()`. */
  dueMs: number;
  readonly answer: Promise<Answer>;
}

/**
 * The contracts of the watched services, from their `/api/contract`. A contract stays known while its service is down.
 *
 * They are read with the service token. What a service refuses to it is read with `authorization`, the credentials of an
 * administrator who asks, and is kept for no other caller.
 */
export class ServiceContracts {
  /** `fetch` to the services. */
  readonly fetch: typeof fetch;
  readonly #watched: ServiceContractsOptions['watched'];
  readonly #token: () => string;
  readonly #tls: Tls | undefined;
  readonly #known = new Map<string, ExplorerService>();
  readonly #readings = new Map<string, Reading>();
  readonly #stopping = new AbortController();

  constructor({ watched, token, tls }: ServiceContractsOptions) {
    this.fetch = tls?.fetch ?? fetch;
    this.#tls = tls;
    this.#watched = watched;
    this.#token = token;
  }

  /** The configured URLs of a service. */
  urlsOf(service: string): readonly string[] {
    return this.#watched.get(service) ?? [];
  }

  /** All contracts, by the name of the service. */
  list(authorization?: string): Promise<ExplorerService[]> {
    const services = [...this.#watched.keys()].toSorted();
    return Promise.all(services.map((service) => this.#read(service, authorization)));
  }

  /** `undefined` if the service has no such procedure, or its contract is not known. */
  async find(service: string, path: string, authorization?: string): Promise<Found | undefined> {
    const [url] = this.#watched.get(service) ?? [];
    if (url === undefined) return undefined;
    const { procedures } = await this.#read(service, authorization);
    const procedure = procedures.find((one) => one.path === path);
    return procedure && { url, procedure, fetch: this.fetch };
  }

  /** The procedures of a service. Waits only if they were never known; an old contract is replaced in the background. */
  async proceduresOf(service: string, authorization?: string): Promise<readonly ExplorerProcedure[]> {
    if (!this.#watched.has(service)) return [];
    const read = this.#read(service, authorization);
    return (this.#known.get(service) ?? (await read)).procedures;
  }

  /** Reads the contracts that are not known, in the background. */
  readMissing(): void {
    for (const service of this.#watched.keys()) if (!this.#known.has(service)) void this.#latest(service);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#readings.values()].map(({ answer }) => answer));
  }

  async #read(service: string, authorization: string | undefined): Promise<ExplorerService> {
    const { contract, refused } = await this.#latest(service);
    if (refused && authorization !== undefined) return (await this.#ask(service, authorization)).contract;
    // What it offered when it answered last.
    const { version, procedures } = (contract.problem !== null && this.#known.get(service)) || contract;
    return { ...contract, version, procedures };
  }

  #latest(service: string): Promise<Answer> {
    const last = this.#readings.get(service);
    if (last && performance.now() < last.dueMs) return last.answer;
    const reading = { dueMs: performance.now() + freshMs, answer: this.#readAsDashboard(service) };
    this.#readings.set(service, reading);
    void reading.answer.then(({ refused }) => {
      if (refused) reading.dueMs += refusedMs;
    });
    return reading.answer;
  }

  async #readAsDashboard(service: string): Promise<Answer> {
    const answer = await this.#ask(service, `${serviceTokenScheme} ${this.#token()}`);
    if (answer.refused) this.#known.delete(service);
    else if (answer.contract.problem === null) this.#known.set(service, answer.contract);
    return answer;
  }

  /** Asks one replica after the other until one answers. */
  async #ask(service: string, authorization: string): Promise<Answer> {
    let answer = unknown(service, 'it has no URL');
    for (const url of this.urlsOf(service)) {
      answer = await this.#askReplica(service, { url, authorization });
      if (answer.contract.problem === null || answer.refused) break;
    }
    return answer;
  }

  async #askReplica(service: string, { url, authorization }: { url: string; authorization: string }) {
    try {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)]);
      const { status, text } = await ask(`${url}/api/contract`, { authorization, tls: this.#tls, signal });
      if (status === 403) return { ...unknown(service, 'only administrators may read it'), refused: true };
      if (status !== 200) return unknown(service, `it answered with HTTP status ${status}`);
      const { version, procedures } = describedContract.parse(JSON.parse(text));
      return { contract: { service, version, problem: null, procedures }, refused: false };
    } catch (error) {
      if (error instanceof Error && (error.name === 'ZodError' || error instanceof SyntaxError))
        return unknown(service, 'its answer is not a contract');
      return unknown(service, problemOf(error, timeoutMs));
    }
  }
}

function unknown(service: string, problem: string): Answer {
  return { contract: { service, version: null, problem, procedures: [] }, refused: false };
}
