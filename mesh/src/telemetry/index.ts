export { createLogger, logLevels, type Logger, type LogLevel, type LogLine } from './logger.ts';
export { tell, type Decision } from './events.ts';
export { counter, durations, exposition, measureProcess, remember } from './metrics.ts';
export { targetStates, watchTarget, type EndpointState, type TargetState } from './state.ts';
export { currentScope, runInScope, runOutsideScope, type Scope } from './scope.ts';
