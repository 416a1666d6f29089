import type { Address, Size } from '../stack.ts';
import type { StackName } from '../stacks/index.ts';

/** How one closed loop is driven: this many callers, each of whom waits for its answer before it calls again. */
export interface Load {
  readonly inFlight: number;
  /** Length of the message's body, in bytes. */
  readonly bodyBytes: number;
  /** When callers stop: after a time in milliseconds, or after so many calls in all. */
  readonly until: { readonly ms: number } | { readonly calls: number };
}

/** What a client saw of one load. */
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

/** What a process has used so far. */
export interface Usage {
  /** In microseconds, user and system. */
  readonly cpuUs: number;
  /** In bytes. */
  readonly rss: number;
}

/** What a child process can be asked to do: one argument, one answer. */
export interface Operations {
  startServer: (argument: { stack: StackName; size?: Size }) => Promise<Address>;
  startClient: (argument: { stack: StackName; address: Address; size?: Size }) => Promise<void>;
  /** Connects that many clients, one call each, and keeps them open without a further call. */
  holdOpen: (argument: { stack: StackName; address: Address; clients: number }) => Promise<void>;
  run: (load: Load) => Promise<Run>;
  usage: () => Promise<Usage>;
}

export interface Request {
  readonly id: number;
  readonly operation: keyof Operations;
  readonly argument: unknown;
}

export type Reply = { readonly id: number } & ({ readonly answer: unknown } | { readonly error: string });

/** The longest wait for an answer, in milliseconds: a stack that hangs is one that fails. */
export function patienceFor({ operation, argument }: Pick<Request, 'operation' | 'argument'>): number {
  if (operation !== 'run') return 60_000;
  const { until } = argument as Load;
  // At 100 calls a second at least: the slowest row on a very busy machine.
  return 60_000 + ('ms' in until ? until.ms : until.calls * 10);
}
