import type { ContractTerms } from './transport.ts';

/**
 * What an HTTP transport knows of the contract of the process at the other end. It asks with the first call, and with
 * the next one after each new connection, so that other calls carry nothing. A connection that closes may mean that
 * the process was replaced, and a load balancer may send each request to another one: what was heard helps to choose an
 * endpoint, and refuses nothing.
 */
export class HttpContract {
  readonly #terms: ContractTerms;
  #asks = true;
  #last: string | undefined;

  constructor(terms: ContractTerms) {
    this.#terms = terms;
  }

  /** Hash of the contract that was named last, while the connections are the same. */
  get current(): string | undefined {
    return this.#last;
  }

  /** The value of `x-contract` in the next request; `undefined` if it need not ask. @param must Whether it must. */
  question(must: boolean): string | undefined {
    if (!this.#asks && !must) return undefined;
    this.#asks = false;
    return this.#terms.ours ?? '?';
  }

  /** An answer to a question. @param theirs `undefined` if the process named none. */
  answered(theirs: string | undefined): void {
    this.#last = theirs;
    if (theirs !== undefined) this.#terms.heard(theirs);
  }

  onConnect(): void {
    this.#asks = true;
  }

  onDisconnect(): void {
    this.#asks = true;
    this.#last = undefined;
  }
}
