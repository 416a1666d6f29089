import type { ContractTerms } from './transport.ts';

/**
 * What an HTTP transport knows of the contract of the process at the other end. It asks with the first call, and with
 * the next one after each new connection, so that other calls carry nothing. A connection that closes may mean that
 * the process was replaced.
 */
export class HttpContract {
  readonly #terms: ContractTerms;
  #asks = true;
  #certain = false;
  #last: string | undefined;

  constructor(terms: ContractTerms) {
    this.#terms = terms;
  }

  /** Hash of the contract that the process named, while it is certain to be the same one. */
  get current(): string | undefined {
    return this.#certain ? this.#last : undefined;
  }

  /** The last hash, while it is not certain; `undefined` if there is none to doubt. */
  get doubtful(): string | undefined {
    return this.#certain ? undefined : this.#last;
  }

  /** The value of `x-contract` in the next request; `undefined` if it need not ask. */
  question(): string | undefined {
    if (!this.#asks) return undefined;
    this.#asks = false;
    return this.#terms.ours ?? '?';
  }

  /** An answer to a question. @param theirs `undefined` if the process named none. */
  answered(theirs: string | undefined): void {
    this.#last = theirs;
    this.#certain = theirs !== undefined;
    if (theirs !== undefined) this.#terms.heard(theirs);
  }

  onConnect(): void {
    this.#asks = true;
  }

  onDisconnect(): void {
    this.#asks = true;
    this.#certain = false;
  }
}
