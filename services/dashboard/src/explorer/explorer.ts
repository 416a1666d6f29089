import { serviceTokenScheme } from '@arcadium/mesh/client';
import { MeshError, type Caller } from '@arcadium/mesh/contract';
import type { ServiceContracts } from '../jobs/service-contracts.ts';
import { userCredentials } from './own-credentials.ts';
import { borrowToken } from './service-credentials.ts';

/** The credentials of one call; disposing of them revokes what was issued for it. */
interface Credentials extends AsyncDisposable {
  /** `undefined` for anyone. */
  readonly authorization: string | undefined;
}

export interface ExplorerOptions {
  contracts: ServiceContracts;
  /** Whether anyone may use it, and administrators may call on behalf of a service: for development. */
  open: boolean;
  authUrl: string;
}

/** Who may explore, and with which credentials a call is made. */
export class Explorer {
  readonly contracts: ServiceContracts;
  readonly open: boolean;
  readonly #authUrl: string;

  constructor({ contracts, open, authUrl }: ExplorerOptions) {
    this.contracts = contracts;
    this.open = open;
    this.#authUrl = authUrl;
  }

  /** @throws MeshError UNAUTHORIZED, FORBIDDEN: it is for administrators, unless it is open. */
  admit({ user, service }: Caller): void {
    if (this.open || (user?.role === 'admin' && !service)) return;
    if (user || service) throw new MeshError('FORBIDDEN', 'The explorer is for administrators');
    throw new MeshError('UNAUTHORIZED', 'Log in as an administrator to use the explorer');
  }

  /** @returns `undefined` if the caller cannot call so. @throws MeshError SERVICE_UNAVAILABLE */
  async credentialsFor(
    as: 'anyone' | 'user' | 'service',
    { caller, onBehalfOf, signal }: { caller: Caller; onBehalfOf: string | undefined; signal: AbortSignal },
  ): Promise<Credentials | undefined> {
    const nothing = async (): Promise<void> => {};
    if (as === 'anyone') return { authorization: undefined, [Symbol.asyncDispose]: nothing };
    const own = userCredentials();
    if (own === undefined) return undefined;
    if (as === 'user') return { authorization: own, [Symbol.asyncDispose]: nothing };
    if (!this.open || caller.user?.role !== 'admin' || onBehalfOf === undefined) return undefined;
    const borrowed = await borrowToken(onBehalfOf, {
      authUrl: this.#authUrl,
      authorization: own,
      fetch: this.contracts.fetch,
      signal,
    });
    return {
      authorization: `${serviceTokenScheme} ${borrowed.token}`,
      [Symbol.asyncDispose]: () => borrowed[Symbol.asyncDispose](),
    };
  }
}
