import type { AnyProcedure } from '../../contract/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { AccessControl } from '../access/access-control.ts';
import type { Gate } from '../limits/gate.ts';
import type { CallLimit } from '../limits/rate-limits.ts';
import type { Tap } from '../tap/tap.ts';
import type { Background } from './background.ts';
import type { Revocations } from './expiry.ts';
import type { ClassifyError } from './failure.ts';
import type { Call } from './handler.ts';
import type { InterceptedCall } from './interceptor.ts';
import type { WireFormat } from './wire-format.ts';

/** What all calls of one procedure share. */
export interface Binding {
  readonly path: string;
  /** Service and procedure, such as `wiki.pages.get`. */
  readonly name: string;
  readonly procedure: AnyProcedure;
  /** Includes the interceptors. */
  readonly handler: (call: InterceptedCall) => unknown;
  readonly errors: Call<AnyProcedure>['errors'];
  readonly log: Logger;
  /** Rate limit by address. @default unlimited */
  readonly limit: CallLimit | undefined;
  readonly gate: Gate;
  readonly access: AccessControl;
  readonly background: Background;
  readonly revocations: Revocations | undefined;
  readonly userDeadlineMs: number;
  /** Maps errors of the service's libraries. */
  readonly classify: ClassifyError | undefined;
  /** Those who watch calls as they end. @default none can */
  readonly tap: Tap | undefined;
  /** Of a tRPC router. @default that of contracts */
  readonly format?: WireFormat | undefined;
}
