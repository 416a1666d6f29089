import { admit, describeAccess, nobody, type Access, type Caller } from '../../contract/index.ts';
import { counter, type Logger } from '../../telemetry/index.ts';
import { MeshError } from '../../wire/index.ts';
import { unknownPeer } from '../call/peer.ts';
import type { RawCall } from '../call/raw-call.ts';
import type { AccessMode, Denial } from './denial.ts';
import { OncePerMinute } from './once-per-minute.ts';

const denied = counter({
  name: 'mesh_server_access_denied_total',
  help: 'Denied calls, by procedure, caller (a service, or the kind of user), reason and mode; those with mode audit were let through',
  labels: ['procedure', 'caller', 'reason', 'mode'],
});

/** What is asked for, and who may have it. */
type Asked = Readonly<{ path: string; procedure: { readonly access: Access } }>;

/** What asks to be let in. */
type Attempt = Pick<RawCall, 'peer'> & Readonly<{ requestId: string | undefined }>;

/** How access is decided, and who is told. */
export interface AccessOptions {
  log: Logger;
  /** @default 'enforce' */
  mode?: AccessMode | undefined;
  /** Is told of each denial; it may neither wait nor throw. @default nobody is told */
  onDenied?: ((denial: Denial) => void) | undefined;
}

/**
 * The one place where access is decided; every way into a service goes through
 * it.
 *
 * In audit mode a caller whom a rule does not admit is let through where one of
 * the rule's alternatives could admit one of its kind: a user in the place of
 * an administrator, one service in the place of another, a service with a user
 * where a user is asked for. It is refused also then if no alternative can do
 * with what it has, because a handler whose type says that there is a user, or
 * a service, runs with one or not at all; so whoever shows no credentials is
 * always refused. Bad credentials always are.
 */
export class AccessControl {
  readonly #mode: AccessMode;
  readonly #log: Logger;
  readonly #onDenied: ((denial: Denial) => void) | undefined;
  readonly #logged = new OncePerMinute();

  constructor({ log, mode = 'enforce', onDenied }: AccessOptions) {
    this.#log = log;
    this.#mode = mode;
    this.#onDenied = onDenied;
  }

  /**
   * Lets a call go on, or not.
   *
   * @throws MeshError UNAUTHORIZED, FORBIDDEN
   */
  authorise({ path, procedure: { access: rule } }: Asked, caller: Caller, attempt: Attempt): void {
    const verdict = admit(rule, caller);
    if (verdict === 'admitted') return;
    const { requestId, peer = unknownPeer } = attempt;
    const denial = { procedure: path, caller, requestId, peer };
    if (verdict === 'unauthenticated') {
      const message = 'This procedure needs credentials';
      this.#tell({ ...denial, reason: 'no-credentials', message, mode: 'enforce' });
      throw new MeshError('UNAUTHORIZED', `${message}. It is for ${describeAccess(rule)}`);
    }
    const message = 'This caller may not call this procedure';
    const mode = this.#mode === 'audit' && couldAdmit(rule, caller) ? 'audit' : 'enforce';
    this.#tell({ ...denial, reason: 'not-admitted', message, mode });
    if (mode === 'enforce') throw new MeshError('FORBIDDEN', `${message}. It is for ${describeAccess(rule)}`);
  }

  /**
   * Finds out who makes a call.
   *
   * @returns A promise only where that takes a while.
   * @throws MeshError UNAUTHORIZED for invalid credentials.
   */
  identify(procedure: string, raw: RawCall): Caller | Promise<Caller> {
    try {
      const caller = raw.identify();
      return caller instanceof Promise ? this.#identified(caller, procedure, raw) : caller;
    } catch (thrown) {
      this.refused(thrown, procedure, raw);
      throw thrown;
    }
  }

  async #identified(caller: Promise<Caller>, procedure: string, raw: RawCall): Promise<Caller> {
    try {
      return await caller;
    } catch (thrown) {
      this.refused(thrown, procedure, raw);
      throw thrown;
    }
  }

  /** Tells of what the check of credentials threw, if it is that they are no good. */
  refused(thrown: unknown, procedure: string, { requestId, peer = unknownPeer }: Attempt): void {
    if (!(thrown instanceof MeshError) || thrown.code !== 'UNAUTHORIZED') return;
    const denial = { procedure, caller: nobody, requestId, peer, message: thrown.message };
    this.#tell({ ...denial, reason: 'bad-credentials', mode: 'enforce' });
  }

  /** Counts a denial, logs it if it was let through, and tells whoever wants to know. */
  #tell(denial: Denial): void {
    const { procedure, caller, reason, mode } = denial;
    const who = kindOf(caller);
    denied.labels({ procedure, caller: who, reason, mode }).inc();
    if (mode === 'audit' && this.#logged.isFirst(`${procedure} ${who} ${caller.user?.id}`)) {
      this.#log.warn(
        { procedure, caller: who, user_id: caller.user?.id, request_id: denial.requestId },
        `${who} is not admitted to ${procedure}: let through, because ACCESS_MODE is audit`,
      );
    }
    try {
      this.#onDenied?.(denial);
    } catch (error) {
      this.#log.error({ err: error }, 'a denial could not be recorded');
    }
  }
}

/** Whether a caller is of the kind that some alternative is for: there is each identity that it speaks of. */
function couldAdmit({ alternatives }: Access, { service, user }: Caller): boolean {
  return alternatives.some((one) => (!one.services || service) && (!one.user || user));
}

/** Few values, whoever calls: the service, or what kind of person. */
function kindOf({ service, user }: Caller): string {
  return service?.name ?? user?.role ?? 'anyone';
}
