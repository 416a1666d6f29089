import {
  describedContract,
  type ExplorerProcedure,
  type ExplorerService,
} from '@arcadium/contracts/dashboard';
import { ask, problemOf } from '../jobs/ask.ts';

/** How long a contract is used before it is read again, in milliseconds: a service may have been deployed. */
const freshMs = 5000;
const timeoutMs = 3000;

export interface ServiceContractsOptions {
  /** URLs of the replicas, by service. */
  watched: ReadonlyMap<string, readonly string[]>;
  /** The service token in force. */
  token: () => string;
}

/** A procedure of a service, and where to call it. */
export interface Found {
  readonly url: string;
  readonly procedure: Pick<ExplorerProcedure, 'path' | 'kind'>;
}

/** The contracts of the watched services, from their `/api/contract`. */
export class ServiceContracts {
  readonly #options: ServiceContractsOptions;
  readonly #read = new Map<string, { readonly at: number; readonly contract: Promise<ExplorerService> }>();

  constructor(options: ServiceContractsOptions) {
    this.#options = options;
  }

  /** All contracts, by the name of the service. */
  async list(): Promise<ExplorerService[]> {
    return Promise.all(
      [...this.#options.watched.keys()].toSorted().map((service) => this.#contractOf(service)),
    );
  }

  /** `undefined` if the service has no such procedure, or does not answer. */
  async find(service: string, path: string): Promise<Found | undefined> {
    const [url] = this.#options.watched.get(service) ?? [];
    if (url === undefined) return undefined;
    const { procedures } = await this.#contractOf(service);
    const procedure = procedures.find((one) => one.path === path);
    return procedure && { url, procedure };
  }

  #contractOf(service: string): Promise<ExplorerService> {
    const known = this.#read.get(service);
    if (known && performance.now() - known.at < freshMs) return known.contract;
    const contract = this.#readContract(service);
    this.#read.set(service, { at: performance.now(), contract });
    return contract;
  }

  async #readContract(service: string): Promise<ExplorerService> {
    const unknown = (problem: string): ExplorerService => ({
      service,
      version: null,
      problem,
      procedures: [],
    });
    const [url] = this.#options.watched.get(service) ?? [];
    try {
      const { status, text } = await ask(`${url}/api/contract`, {
        authorization: `Service-Token ${this.#options.token()}`,
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (status !== 200) return unknown(`it answered with HTTP status ${status}`);
      const { version, procedures } = describedContract.parse(JSON.parse(text));
      return { service, version, problem: null, procedures };
    } catch (error) {
      if (error instanceof Error && (error.name === 'ZodError' || error instanceof SyntaxError))
        return unknown('its answer is not a contract');
      return unknown(problemOf(error, timeoutMs));
    }
  }
}
