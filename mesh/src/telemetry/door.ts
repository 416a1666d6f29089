// `@arcadium/mesh/telemetry`: what services use of it. index.ts has what the other folders of the mesh need besides.
export { beginStartup, startupLeftMs, startupLevel } from './startup.ts';
export { describeError } from './describe-error.ts';
export { type ClientDecision, type Decision, type ServerDecision } from './events.ts';
export { exposition } from './exposition.ts';
export {
  createLogger,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogLine,
} from './logger.ts';
export { counter, durations, gauge, measureProcess } from './metrics.ts';
export { openTelemetry, type TelemetryOptions } from './open-telemetry.ts';
export { Outage } from './outage.ts';
export { currentScope, scopes, type Scope } from './scope.ts';
export { tracing, type Span, type SpanKind, type Tracer } from './tracing.ts';
export { formatTraceparent, parseTraceContext, startTrace, type TraceContext } from '../wire/index.ts';
