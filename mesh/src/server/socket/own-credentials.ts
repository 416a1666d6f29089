import { nobody, type Caller } from '../../contract/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import { MeshError } from '../../wire/index.ts';
import { startExpiry, type Expiry, type Revocations } from '../call/expiry.ts';

/** What credentials are judged by, and who is told. */
interface OwnCredentialsOptions {
  readonly authenticate: Authenticate;
  /** Who says that a token was revoked. @default nobody does */
  readonly revocations: Revocations | undefined;
  /** Is told once when those that were in force are so no longer: they have expired, or were revoked. */
  readonly onOver: (refusal: MeshError) => void;
}

/** The credentials that a connection was opened with, and whether they are still in force. */
export class OwnCredentials implements Disposable {
  readonly #options: OwnCredentialsOptions;
  #presented: Credentials | undefined;
  #accepted = false;
  #over = false;
  #expiry: Expiry | undefined;

  constructor(options: OwnCredentialsOptions) {
    this.#options = options;
  }

  /** Whether the connection was opened without credentials. */
  get anonymous(): boolean {
    return this.#presented?.authorization === undefined;
  }

  /**
   * Who makes a call: the service is proved by the connection, a user that it acts for by each message.
   *
   * @param userToken What the message has as its user's token.
   * @throws MeshError UNAUTHORIZED
   */
  callerOf(userToken: unknown): Caller | Promise<Caller> {
    return this.#options.authenticate(this.of(userToken));
  }

  /** What `callerOf` verifies. */
  of(ofMessage: unknown): Credentials {
    // What stands in a message is any JSON; what is no text is no token either, rather than none at all.
    const { authorization, userToken: own } = this.#presented ?? {};
    const given = ofMessage ?? own;
    const userToken = given === undefined || typeof given === 'string' ? given : '';
    return { authorization, userToken };
  }

  /** Takes those that a caller was proved by. */
  accept(presented: Credentials, caller: Caller): void {
    this.#presented = presented;
    this.#accepted = true;
    if (caller === nobody) return;
    const expiry = startExpiry(caller, { revocations: this.#options.revocations });
    // A token still passes for some seconds after its end: then `check` finds it out.
    if (expiry.refusal) return expiry[Symbol.dispose]();
    this.#expiry = expiry;
    expiry.signal.addEventListener('abort', () => {
      if (expiry.refusal) this.#end(expiry.refusal);
    });
  }

  /** Takes those that came in a first message. @returns Why they are no good, if they are not. */
  async prove(presented: Credentials): Promise<MeshError | undefined> {
    this.#presented = presented;
    try {
      this.accept(presented, await this.#options.authenticate(presented));
    } catch (thrown) {
      // What else may go wrong says nothing of them: each call finds out for itself.
      if (isRefusal(thrown)) return thrown;
    }
    return undefined;
  }

  /** Looks again after a call was refused: it may have been for these, or for what its own message said. */
  async check(): Promise<void> {
    const presented = this.#presented;
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
