import type { PrivateJwk } from '@arcadium/mesh/issuer';
import type { TlsOptions } from '@arcadium/mesh/tls';
import type { Message, Receipt } from './message.ts';

/** The address of a stack's server, which can be sent between processes. */
export interface Address {
  readonly port: number;
  /** The key that the mesh's client signs its tokens with; here it stands for the whole identity. */
  readonly signingKey?: PrivateJwk;
}

/** The size of a stack, where its cost may depend on it; only the mesh's rows use it. */
export interface Size {
  /** Number of procedures of the server. @default 1 */
  readonly procedures?: number;
  /** Number of different tokens that the client uses in turn. @default 1 */
  readonly tokens?: number;
  /** The share of traces recorded, and the receiver they go to; each call begins a trace. @default calls carry one that is not recorded */
  readonly tracing?: { readonly share: number | undefined; readonly endpoint: string | undefined };
  /** TLS of both ends. @default none */
  readonly tls?: { readonly server: TlsFiles; readonly client: TlsFiles };
}

/** The TLS files of a process, as `openTls` takes them. */
export type TlsFiles = Readonly<Pick<TlsOptions, 'certFile' | 'keyFile' | 'caFile' | 'clientAuth'>>;

/** A stack's server, in its own process. */
export interface BenchServer {
  readonly address: Address;
  close(): Promise<void>;
}

/** A stack's client, in another process. */
export interface BenchClient {
  /** Calls `notify` once; rejects if it fails or is refused. */
  call(message: Message): Promise<Receipt>;
  close(): Promise<void>;
}

/** A way to offer and call `notify`. */
export interface Stack {
  startServer(size?: Size): Promise<BenchServer>;
  startClient(address: Address, size?: Size): Promise<BenchClient>;
}
