export { createLogger, logLevels, type Logger, type LogLevel, type LogLine } from './logger.ts';
export { counter, durations, exposition, measureProcess, remember } from './metrics.ts';
export { currentScope, runInScope, runOutsideScope, type Scope } from './scope.ts';
