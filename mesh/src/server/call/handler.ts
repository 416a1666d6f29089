import type { TrackedEnvelope } from '@trpc/server';
import type { z } from 'zod';
import type {
  AdmittedCaller,
  AnyContract,
  AnyProcedure,
  CallerOf,
  ErrorFactories,
  ProcedureAt,
  PathOf,
  ProcedureTree,
} from '../../contract/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { IdempotencyClaim } from './idempotency-claim.ts';
import type { Peer } from './peer.ts';

/** One call as its handler gets it: input parsed, caller authorised. */
export interface Call<From extends AnyProcedure> {
  readonly input: z.output<From['input']>;
  readonly caller: AdmittedCaller<CallerOf<From['access']>>;
  /** Factories of the contract's errors: `throw errors.SLUG_TAKEN({ slug })`. */
  readonly errors: ErrorFactories<From['errors']>;
  /** Fires at the deadline or when the caller goes away. */
  readonly signal: AbortSignal;
  /** Adds the procedure and the request id to each line. */
  readonly log: Logger;
  readonly requestId: string;
  /** A header of the request or WebSocket message, except credentials. @param name In lower case. */
  readonly header: (name: string) => string | undefined;
  readonly peer: Peer;
  /**
   * Starts work that the answer does not wait for. It has neither the call's deadline nor its signal, and its failure is
   * only logged. A stopping service waits for it, as for calls.
   */
  readonly inBackground: (work: () => Promise<unknown>) => void;
  /**
   * Set for a `by-key` procedure when the caller sent a key: the handler must then do its work through `once`, which takes
   * the claim. `undefined` otherwise.
   */
  readonly claim: IdempotencyClaim | undefined;
}

/**
 * Implements a procedure. A query or mutation returns its output. A subscription yields `tracked(id, event)`, from which
 * clients resume after `id`, and must end when its signal fires.
 */
export type Handler<From extends AnyProcedure> = From['kind'] extends 'subscription'
  ? (call: Call<From>) => AsyncIterable<TrackedEnvelope<z.input<From['output']>>>
  : (call: Call<From>) => Promise<z.input<From['output']>>;

/** The handler of one procedure by its path: `HandlerOf<typeof wikiContract, 'pages.create'>`. */
export type HandlerOf<From extends AnyContract, Path extends PathOf<From['procedures']>> =
  ProcedureAt<From['procedures'], Path> extends infer Found extends AnyProcedure ? Handler<Found> : never;

/** Handlers for every procedure of a contract, in the contract's shape. */
export type Handlers<From extends AnyContract> = HandlerTree<From['procedures']>;

type HandlerTree<Tree> = {
  readonly [Key in keyof Tree]: Tree[Key] extends AnyProcedure
    ? Handler<Tree[Key]>
    : Tree[Key] extends ProcedureTree
      ? HandlerTree<Tree[Key]>
      : never;
};
