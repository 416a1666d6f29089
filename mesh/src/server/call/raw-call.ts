import type { Caller } from '../../contract/index.ts';
import type { TraceContext } from '../../wire/index.ts';
import type { CallerSignal } from './deadline.ts';
import type { CallOrigin } from './origin.ts';
import type { Peer } from './peer.ts';

/** One call as a transport (HTTP, WebSocket, tRPC's adapter) hands it over. Untrusted. */
export interface RawCall<Signal extends CallerSignal = CallerSignal> {
  readonly requestId: string;
  /** @default `unknownPeer` */
  readonly peer?: Peer | undefined;
  /** Whether it has no credentials. Credentials it has may be invalid. */
  readonly anonymous: boolean;
  /** Identity of a shared connection: waiting calls are served in turn by connection. @default its own */
  readonly connection?: object | undefined;
  /** Fires when the caller goes away. */
  readonly signal?: Signal | undefined;
  /** How long the caller still waits, in milliseconds. @default unknown */
  readonly timeoutMs?: number | undefined;
  readonly trace?: TraceContext | undefined;
  /** As sent; used if the procedure is `by-key`. */
  readonly idempotencyKey?: string | undefined;
  /** Access token of the user, for calls that the handler makes for them. */
  readonly userToken?: string | undefined;
  /** For the context of a tRPC router. @default none */
  readonly origin?: CallOrigin | undefined;
  /** Its place in a batch. @default 0 */
  readonly batchIndex?: number | undefined;
  /** The value of a header that was sent once. @param name In lower case. */
  header(name: string): string | undefined;
  /** Verifies its credentials, synchronously if it can. @throws MeshError UNAUTHORIZED */
  identify(): Caller | Promise<Caller>;
  /** Returns its input as sent, or a promise until it has arrived. @throws MeshError BAD_REQUEST, PAYLOAD_TOO_LARGE, … */
  readInput(): unknown;
}

/** A call whose caller is already known: from an authenticated request, or from this process. */
export type KnownCall = Omit<RawCall, 'anonymous' | 'header' | 'identify' | 'readInput' | 'signal'> & {
  readonly caller: Caller;
  readonly header?: RawCall['header'] | undefined;
};

/**
 * Makes a `RawCall` of a call whose caller is known.
 *
 * @example
 * const raw = rawCallOf({ caller: nobody, requestId: 'r-1' }, { readInput: () => ({ id: 'pen' }) });
 */
export function rawCallOf<Signal extends CallerSignal>(
  known: KnownCall,
  { readInput, signal }: { readInput: () => unknown; signal?: Signal | undefined },
): RawCall<Signal> {
  const { caller } = known;
  return {
    ...known,
    signal,
    anonymous: !caller.service && !caller.user,
    header: known.header ?? (() => undefined),
    identify: () => caller,
    readInput,
  };
}
