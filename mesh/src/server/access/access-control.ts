import {
  admit,
  describeAccess,
  missingScopes,
  nobody,
  type Access,
  type Caller,
} from '../../contract/index.ts';
import { Aggregator, counter, type Logger } from '../../telemetry/index.ts';
import { MeshError } from '../../wire/index.ts';
import { unknownPeer } from '../call/peer.ts';
import type { RawCall } from '../call/raw-call.ts';
import type { AccessMode, Denial } from './denial.ts';

const denied = counter({
  name: 'mesh_server_access_denied_total',
  help: 'Denied calls, by procedure, caller (a service, or the kind of user), reason and mode; those with mode audit were let through',
  labels: ['procedure', 'caller', 'reason', 'mode'],
});

type Asked = Readonly<{ path: string; procedure: { readonly access: Access } }>;

type Attempt = Pick<RawCall, 'peer'> & Readonly<{ requestId: string | undefined }>;

export interface AccessOptions {
  log: Logger;
  /** @default 'enforce' */
  mode?: AccessMode | undefined;
  /** Called for each denial; must neither block nor throw. @default none */
  onDenied?: ((denial: Denial) => void) | undefined;
}

/**
 * Decides access to a service, for all transports.
 *
 * Audit mode lets through callers of the right kind with the wrong identity: a user instead of an admin, another
 * service, a service with a user instead of the user, a token without a scope. It still refuses a caller without the identity that the handler's
 * type promises, and missing or invalid credentials.
 */
export class AccessControl {
  readonly #mode: AccessMode;
  readonly #log: Logger;
  readonly #onDenied: ((denial: Denial) => void) | undefined;
  readonly #letThrough = new Aggregator<Denial>({
    report: ({ procedure, caller, requestId }, count) => {
      const who = callerName(caller);
      this.#log.warn(
        { procedure, caller: who, user_id: caller.user?.id, request_id: requestId, count },
        `${who} is not admitted to ${procedure}: let through, because ACCESS_MODE is audit`,
      );
    },
  });

  constructor({ log, mode = 'enforce', onDenied }: AccessOptions) {
    this.#log = log;
    this.#mode = mode;
    this.#onDenied = onDenied;
  }

  /** @throws MeshError UNAUTHORIZED; FORBIDDEN, for a missing scope with the typed error `INSUFFICIENT_SCOPE` of RFC 6750 §3.1 */
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
    const missing = missingScopes(rule, caller);
    const message =
      missing.length === 0
        ? 'This caller may not call this procedure'
        : `The token of this caller lacks the ${missing.length > 1 ? 'scopes' : 'scope'} ${missing.join(' and ')}`;
    const mode = this.#mode === 'audit' && couldAdmit(rule, caller) ? 'audit' : 'enforce';
    this.#tell({ ...denial, reason: 'not-admitted', message, mode });
    if (mode === 'audit') return;
    throw new MeshError('FORBIDDEN', `${message}. It is for ${describeAccess(rule)}`, {
      ...(missing.length > 0 && { named: { name: 'INSUFFICIENT_SCOPE', data: { scopes: missing } } }),
    });
  }

  /**
   * Identifies the caller; synchronously if its credentials were verified before.
   *
   * @throws MeshError UNAUTHORIZED for invalid credentials.
   */
  identify(procedure: string, raw: RawCall): Caller | Promise<Caller> {
    try {
      const caller = raw.identify();
      if (!(caller instanceof Promise)) return caller;
      return caller.catch((thrown: unknown) => this.#refuse(thrown, procedure, raw));
    } catch (thrown) {
      return this.#refuse(thrown, procedure, raw);
    }
  }

  #refuse(thrown: unknown, procedure: string, raw: RawCall): never {
    this.refused(thrown, procedure, raw);
    throw thrown;
  }

  /** Reports a denial if the check of credentials has thrown UNAUTHORIZED. */
  refused(thrown: unknown, procedure: string, { requestId, peer = unknownPeer }: Attempt): void {
    if (!(thrown instanceof MeshError) || thrown.code !== 'UNAUTHORIZED') return;
    const denial = { procedure, caller: nobody, requestId, peer, message: thrown.message };
    this.#tell({ ...denial, reason: 'bad-credentials', mode: 'enforce' });
  }

  /** Counts and reports a denial; logs it if it was let through. */
  #tell(denial: Denial): void {
    const { procedure, caller, reason, mode } = denial;
    const who = callerName(caller);
    denied.labels({ procedure, caller: who, reason, mode }).inc();
    if (mode === 'audit') this.#letThrough.add(`${procedure} ${who} ${caller.user?.id}`, denial);
    try {
      this.#onDenied?.(denial);
    } catch (error) {
      this.#log.error({ err: error }, 'a denial could not be recorded');
    }
  }
}

/** Whether a caller has each identity that some alternative asks for. */
function couldAdmit({ alternatives }: Access, { service, user }: Caller): boolean {
  return alternatives.some((one) => (!one.services || service) && (!one.user || user));
}

/** A label of metrics with few values: the service's name, the user's role, or `anyone`. */
export function callerName({ service, user }: Caller): string {
  return service?.name ?? user?.role ?? 'anyone';
}
