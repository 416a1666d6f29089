import type { AnyProcedure } from '../contract/index.ts';
import type { Hedge } from '../resilience/index.ts';
import type { CallMeter } from './call-meter.ts';

/** A query or mutation as it is to be called. */
export type Target = Readonly<{
  path: string;
  procedure: AnyProcedure;
  meter: CallMeter;
  /** Whether the client's service may make it only for a user. */
  needsUser: boolean;
  /** Decides on second attempts, where the contract asks for them. */
  hedge: Hedge | undefined;
}>;
