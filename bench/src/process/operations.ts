import type { Address, Size } from '../stack.ts';
import type { StackName } from '../stacks/index.ts';

/** A closed loop: a number of callers, each of which waits for its answer before the next call. */
export interface Load {
  readonly inFlight: number;
  /** Length of the message's body, in bytes. */
  readonly bodyBytes: number;
  /** When callers stop: after a time in milliseconds, or a number of calls. */
  readonly until: { readonly ms: number } | { readonly calls: number };
}

/** The client's view of a load. */
export interface Run {
  readonly calls: number;
  readonly ms: number;
  /** CPU time of the client's process, in microseconds. */
  readonly cpuUs: number;
  /** Latency at the quantiles, in milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Resources used by a process so far. */
export interface Usage {
  /** In microseconds, user and system. */
  readonly cpuUs: number;
  /** In bytes. */
  readonly rss: number;
}

/** The operations of a child process: one argument, one answer. */
export interface Operations {
  startServer: (argument: { stack: StackName; size?: Size }) => Promise<Address>;
  startClient: (argument: { stack: StackName; address: Address; size?: Size }) => Promise<void>;
  /** Connects this many more clients, makes one call with each, and keeps them open. */
  holdOpen: (argument: { stack: StackName; address: Address; clients: number; size?: Size }) => Promise<void>;
  run: (load: Load) => Promise<Run>;
  usage: () => Promise<Usage>;
}

export interface Request {
  readonly id: number;
  readonly operation: keyof Operations;
  readonly argument: unknown;
}

export type Reply = { readonly id: number } & ({ readonly answer: unknown } | { readonly error: string });

/** Longest wait for an answer, in milliseconds: a stack that hangs counts as failed. */
export function patienceFor({ operation, argument }: Pick<Request, 'operation' | 'argument'>): number {
  if (operation !== 'run') return 60_000;
  const { until } = argument as Load;
  // At least 100 calls per second: the slowest row on a very busy machine.
  return 60_000 + ('ms' in until ? until.ms : until.calls * 10);
}
