import { entriesOf, errorFactories, type AnyContract } from '../../contract/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { AccessControl } from '../access/access-control.ts';
import { Admission } from '../limits/admission.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { Background } from './background.ts';
import type { Binding, FinishedCall } from './binding.ts';
import type { Revocations } from './expiry.ts';
import type { Handlers } from './handler.ts';
import { withInterceptors, type ServerInterceptor } from './interceptor.ts';
import { CompiledProcedure } from './procedure.ts';

/** What compiled procedures need besides their handlers. */
export interface CompileOptions {
  log: Logger;
  /** Makes, for each procedure, what is told of its calls when they are over. @default none is */
  observe?: ((path: string) => (call: FinishedCall) => void) | undefined;
  /** Longest time for a person's request, in milliseconds, where the contract names none. @default 10000 */
  userDeadlineMs?: number | undefined;
  /** What decides about access. @default rules are enforced, and no one is told of denials */
  access?: AccessControl | undefined;
  /** Takes work that goes on when a call is answered. @default its own, which is not waited for */
  background?: Background | undefined;
  /** What ends subscriptions whose token was revoked. @default nothing does */
  revocations?: Revocations | undefined;
  /** What lets calls in. @default one that does not look at the event loop */
  admission?: Admission | undefined;
  /** What runs around each handler, the first one outermost. @default nothing */
  interceptors?: readonly ServerInterceptor[] | undefined;
  /** What counts calls by address. @default they are not counted */
  limits?: RateLimits | undefined;
}

/**
 * Binds every procedure of a contract to its handler, once, at start.
 *
 * @throws TypeError naming the procedures that have no handler.
 */
export function compile<From extends AnyContract>(
  from: From,
  handlers: Handlers<From>,
  { log, observe, userDeadlineMs = 10_000, interceptors = [], revocations, ...options }: CompileOptions,
): readonly CompiledProcedure[] {
  const { admission = new Admission(from.name, log), background = new Background(log) } = options;
  const { access = new AccessControl({ log }), limits } = options;
  const entries = entriesOf(from);
  const missing = entries
    .map(({ path }) => path)
    .filter((path) => typeof handlerAt(handlers, path) !== 'function');
  if (missing.length > 0) throw new TypeError(`${from.name}: no handler for ${missing.join(', ')}`);
  return entries.map(
    ({ path, procedure }) =>
      new CompiledProcedure({
        path,
        procedure,
        handler: withInterceptors(interceptors, handlerAt(handlers, path) as Binding['handler']),
        errors: errorFactories(procedure.errors),
        log: log.child({ procedure: path }),
        limit: limits?.ofProcedure(path, procedure),
        gate: admission.gateOf(path, procedure),
        access,
        background,
        revocations,
        userDeadlineMs,
        observe: observe?.(path),
      }),
  );
}

function handlerAt(handlers: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((node, key) => (node as Record<string, unknown> | undefined)?.[key], handlers);
}
