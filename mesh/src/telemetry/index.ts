export { Aggregator, type AggregatorOptions } from './aggregator.ts';
export { decisions, tell, type ClientDecision, type Decision, type ServerDecision } from './events.ts';
export {
  createLogger,
  logFormats,
  logLevels,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogLine,
} from './logger.ts';
export { exposition } from './exposition.ts';
export { counter, durations, gauge, measureProcess, remember, tally } from './metrics.ts';
export { describeError } from './describe-error.ts';
export { Outage } from './outage.ts';
export { beginStartup, beginStop, startupGraceMs, startupLeftMs, startupLevel } from './startup.ts';
export { targetStates, watchTarget, type EndpointState, type TargetState } from './state.ts';
export { currentScope, scopes, type Scope } from './scope.ts';
export { openTelemetry, type TelemetryOptions } from './open-telemetry.ts';
export { tracing, type Span, type SpanKind, type Tracer } from './tracing.ts';
