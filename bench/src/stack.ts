import type { PrivateJwk } from '@arcadium/mesh/identity';
import type { Message, Receipt } from './message.ts';

/** Where a stack's server listens, as it goes from one process to the other. */
export interface Address {
  readonly port: number;
  /** What the mesh's client signs its tokens with: here, one key stands for the whole identity. */
  readonly signingKey?: PrivateJwk;
}

/** How large to make a stack, where its cost may depend on it; only the mesh's rows look at it. */
export interface Size {
  /** How many procedures the server offers. @default 1 */
  readonly procedures?: number;
  /** How many different tokens the client shows, in turn. @default 1 */
  readonly tokens?: number;
}

/** A stack's server, in a process of its own. */
export interface BenchServer {
  readonly address: Address;
  close(): Promise<void>;
}

/** A stack's client, in another. */
export interface BenchClient {
  /** Calls `notify` once; rejects when it fails or is refused. */
  call(message: Message): Promise<Receipt>;
  close(): Promise<void>;
}

/** A way to offer `notify`, and to call it. */
export interface Stack {
  startServer(size?: Size): Promise<BenchServer>;
  startClient(address: Address, size?: Size): Promise<BenchClient>;
}
