import type { AnyProcedure, Caller } from '../../contract/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { AccessControl } from '../access/access-control.ts';
import type { Gate } from '../limits/gate.ts';
import type { CallLimit } from '../limits/rate-limits.ts';
import type { Background } from './background.ts';
import type { Revocations } from './expiry.ts';
import type { Call } from './handler.ts';
import type { InterceptedCall } from './interceptor.ts';

/** What one procedure is bound to, the same for all of its calls. */
export interface Binding {
  readonly path: string;
  readonly procedure: AnyProcedure;
  /** With its interceptors. */
  readonly handler: (call: InterceptedCall) => unknown;
  readonly errors: Call<AnyProcedure>['errors'];
  readonly log: Logger;
  /** How many calls an address may make. @default any number */
  readonly limit: CallLimit | undefined;
  readonly gate: Gate;
  readonly access: AccessControl;
  readonly background: Background;
  readonly revocations: Revocations | undefined;
  /** Longest time for a person's request where the contract names none, in milliseconds. */
  readonly userDeadlineMs: number;
  readonly observe: ((call: FinishedCall) => void) | undefined;
}

/** A query or a mutation that is over. */
export interface FinishedCall {
  readonly caller: Caller;
  readonly requestId: string;
  /** Since it arrived, in milliseconds. */
  readonly durationMs: number;
  /** What it failed with, as the handler threw it. */
  readonly error: unknown;
}
