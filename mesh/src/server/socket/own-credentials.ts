import { nobody, type Caller } from '../../contract/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import { MeshError } from '../../wire/index.ts';
import { startExpiry, type Expiry, type Revocations } from '../call/expiry.ts';

interface OwnCredentialsOptions {
  readonly authenticate: Authenticate;
  readonly revocations: Revocations | undefined;
  /** Called once, when accepted credentials expire or are revoked. */
  readonly onOver: (refusal: MeshError) => void;
}

/** The credentials a connection was opened with, and whether they are still valid. */
export class OwnCredentials implements Disposable {
  /** `undefined` until the first message, if that has them. */
  presented: Credentials | undefined;
  readonly #options: OwnCredentialsOptions;
  #accepted = false;
  #over = false;
  #expiry: Expiry | undefined;

  constructor(options: OwnCredentialsOptions) {
    this.#options = options;
  }

  get anonymous(): boolean {
    return this.presented?.authorization === undefined;
  }

  /** Accepts verified credentials. */
  accept(presented: Credentials, caller: Caller): void {
    this.presented = presented;
    this.#accepted = true;
    if (caller === nobody) return;
    const expiry = startExpiry(caller, { revocations: this.#options.revocations });
    // Expired within the clock tolerance: `check` notices when it is refused.
    if (expiry.refusal) return expiry[Symbol.dispose]();
    this.#expiry = expiry;
    expiry.signal.addEventListener('abort', () => {
      if (expiry.refusal) this.#end(expiry.refusal);
    });
  }

  /** Verifies the credentials of a first message. @returns UNAUTHORIZED if they are invalid. */
  async prove(presented: Credentials): Promise<MeshError | undefined> {
    this.presented = presented;
    try {
      this.accept(presented, await this.#options.authenticate(presented));
    } catch (thrown) {
      // Other errors say nothing about the credentials: each call verifies them again.
      if (isRefusal(thrown)) return thrown;
    }
    return undefined;
  }

  /** Verifies them again after a refused call: the cause may be these or the token of its message. */
  async check(): Promise<void> {
    const presented = this.presented;
    if (!presented || !this.#accepted || this.#over) return;
    if (this.#expiry?.refusal) return this.#end(this.#expiry.refusal);
    try {
      await this.#options.authenticate(presented);
    } catch (thrown) {
      if (isRefusal(thrown)) this.#end(thrown);
    }
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#expiry?.[Symbol.dispose]();
  }

  #end(refusal: MeshError): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.onOver(refusal);
  }
}

function isRefusal(thrown: unknown): thrown is MeshError {
  return thrown instanceof MeshError && thrown.code === 'UNAUTHORIZED';
}
