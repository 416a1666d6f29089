import { entriesOf, errorFactories, type AnyContract, type ContractEntry } from '../../contract/index.ts';
import { defaultDeadlineMs } from '../../resilience/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { AccessControl } from '../access/access-control.ts';
import { Admission } from '../limits/admission.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { Tap } from '../tap/tap.ts';
import { Background } from './background.ts';
import type { Binding } from './binding.ts';
import type { Revocations } from './expiry.ts';
import type { ClassifyError } from './failure.ts';
import type { Handlers } from './handler.ts';
import { withInterceptors, type ServerInterceptor } from './interceptor.ts';
import { CompiledProcedure } from './procedure.ts';

/** What compiled procedures share. */
export interface CompileOptions {
  log: Logger;
  /** Maps errors of the service's libraries to a MeshError. @default none */
  classify?: ClassifyError | undefined;
  /** Timeout of a call not made by a service, where the contract sets none, in milliseconds. @default 10000 */
  userDeadlineMs?: number | undefined;
  /** @default enforces the rules, reports no denials */
  access?: AccessControl | undefined;
  /** Runs work that continues after a call is answered. @default a new one that is never drained */
  background?: Background | undefined;
  /** Revoked tokens, whose subscriptions end. @default none */
  revocations?: Revocations | undefined;
  /** Admits calls by capacity. @default one that ignores event-loop delay */
  admission?: Admission | undefined;
  /** Run around each handler, the first one outermost. @default none */
  interceptors?: readonly ServerInterceptor[] | undefined;
  /** By address. @default none */
  limits?: RateLimits | undefined;
  /** @default calls cannot be watched */
  tap?: Tap | undefined;
}

/**
 * Binds every procedure of a contract to its handler, once at start. @throws TypeError naming those without a handler.
 *
 * @example
 * for (const { path } of compile(shopContract, handlers, { log })) console.log(path);
 */
export function compile<From extends AnyContract>(
  from: From,
  handlers: Handlers<From>,
  options: CompileOptions,
): readonly CompiledProcedure[] {
  const entries = entriesOf(from);
  const missing = entries
    .map(({ path }) => path)
    .filter((path) => typeof handlerAt(handlers, path) !== 'function');
  if (missing.length > 0) throw new TypeError(`${from.name}: no handler for ${missing.join(', ')}`);
  const bound = entries.map(({ path, procedure }) => ({
    path,
    procedure,
    handler: handlerAt(handlers, path) as Binding['handler'],
  }));
  return bind(from.name, bound, options);
}

/** A procedure, and what answers its calls. */
export type BoundEntry = ContractEntry & Readonly<Pick<Binding, 'handler' | 'format'>>;

/** Binds procedures of a service. */
export function bind(
  name: string,
  entries: readonly BoundEntry[],
  {
    log,
    userDeadlineMs = defaultDeadlineMs.person,
    interceptors = [],
    revocations,
    ...options
  }: CompileOptions,
): readonly CompiledProcedure[] {
  const { admission = new Admission(name, log), background = new Background(log) } = options;
  const { access = new AccessControl({ log }), limits } = options;
  return entries.map(
    ({ path, procedure, handler, format }) =>
      new CompiledProcedure({
        path,
        name: `${name}.${path}`,
        procedure,
        handler: withInterceptors(interceptors, handler),
        format,
        errors: errorFactories(procedure.errors),
        log: log.child({ procedure: path }),
        limit: limits?.ofProcedure(path, procedure),
        gate: admission.gateOf(path, procedure),
        access,
        background,
        revocations,
        userDeadlineMs,
        classify: options.classify,
        tap: options.tap,
      }),
  );
}

function handlerAt(handlers: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((node, key) => (node as Record<string, unknown> | undefined)?.[key], handlers);
}
