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

/** One call as its handler gets it: input parsed, caller admitted. */
export interface Call<From extends AnyProcedure> {
  readonly input: z.output<From['input']>;
  readonly caller: AdmittedCaller<CallerOf<From['access']>>;
  /** Makes the errors that the contract names: `throw errors.SLUG_TAKEN({ slug })`. */
  readonly errors: ErrorFactories<From['errors']>;
  /** Fires when the caller goes away or the time is up. */
  readonly signal: AbortSignal;
  /** Adds the procedure and the request's id to each line. */
  readonly log: Logger;
  readonly requestId: string;
  /** A header of the request, or of the WebSocket's message; not those with credentials. @param name In lower case. */
  readonly header: (name: string) => string | undefined;
  /** Where the call comes from. */
  readonly peer: Peer;
  /**
   * Begins work that the answer does not wait for and whose failure is only logged: `inBackground(() => …)`. It has
   * neither the deadline of the call nor its signal; a service that stops waits for it, as for calls.
   */
  readonly inBackground: (work: () => Promise<unknown>) => void;
  /**
   * Of a `by-key` procedure whose caller sent a key: the handler does its work through `once`, which takes it. Without a
   * key the call is a plain mutation.
   */
  readonly claim: IdempotencyClaim | undefined;
}

/**
 * What a procedure does. A query or mutation answers with its output; a
 * subscription yields `tracked(id, event)`, so that a
 * client that lost its connection can ask for what came after `id`; it ends
 * when its signal fires.
 */
export type Handler<From extends AnyProcedure> = From['kind'] extends 'subscription'
  ? (call: Call<From>) => AsyncIterable<TrackedEnvelope<z.input<From['output']>>>
  : (call: Call<From>) => Promise<z.input<From['output']>>;

/** The handler of one procedure by its path: `HandlerOf<typeof wikiContract, 'pages.create'>`. */
export type HandlerOf<From extends AnyContract, Path extends PathOf<From['procedures']>> =
  ProcedureAt<From['procedures'], Path> extends infer Found extends AnyProcedure ? Handler<Found> : never;

/** A handler for every procedure of a contract, in the contract's own shape. */
export type Handlers<From extends AnyContract> = HandlerTree<From['procedures']>;

type HandlerTree<Tree> = {
  readonly [Key in keyof Tree]: Tree[Key] extends AnyProcedure
    ? Handler<Tree[Key]>
    : Tree[Key] extends ProcedureTree
      ? HandlerTree<Tree[Key]>
      : never;
};
