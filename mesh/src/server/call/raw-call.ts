import type { Caller } from '../../contract/index.ts';
import type { TraceContext } from '../../wire/index.ts';
import type { CallerSignal } from './deadline.ts';
import type { Peer } from './peer.ts';

/** One call as a way in (HTTP, WebSocket, tRPC's adapter) hands it over. Nothing in it is trusted. */
export interface RawCall<Signal extends CallerSignal = CallerSignal> {
  readonly requestId: string;
  /** Where it comes from. @default unknown */
  readonly peer?: Peer | undefined;
  /** Whether it shows no credentials; those that it shows may still be invalid. */
  readonly anonymous: boolean;
  /** What other calls came over too: connections take turns where calls have to wait. @default one of its own */
  readonly connection?: object | undefined;
  /** Fires when the caller goes away. */
  readonly signal?: Signal | undefined;
  /** How long the caller still waits, in milliseconds, where it said so. */
  readonly timeoutMs?: number | undefined;
  /** The trace that the call is part of. @default none */
  readonly trace?: TraceContext | undefined;
  /** What the caller sent as its idempotency key; read where the procedure is `by-key`. */
  readonly idempotencyKey?: string | undefined;
  /** The access token of the user whom the call is for, for the calls that its handler makes for them. */
  readonly userToken?: string | undefined;
  /** A header that was sent once. @param name In lower case. */
  header(name: string): string | undefined;
  /**
   * Verifies its credentials.
   *
   * @returns A promise only where that takes a while.
   * @throws MeshError UNAUTHORIZED
   */
  identify(): Caller | Promise<Caller>;
  /**
   * Reads its input, as it was sent.
   *
   * @returns A promise only where it has not arrived yet.
   * @throws MeshError BAD_REQUEST, PAYLOAD_TOO_LARGE and others, for what cannot be read.
   */
  readInput(): unknown;
}

/** A call whose caller is known before it begins: of a request that is authenticated as a whole, or of this process. */
export type KnownCall = Omit<RawCall, 'anonymous' | 'header' | 'identify' | 'readInput' | 'signal'> & {
  readonly caller: Caller;
  /** @default none were sent */
  readonly header?: RawCall['header'] | undefined;
};

/** A call whose caller is known, as any other. */
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
