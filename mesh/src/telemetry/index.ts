export { createLogger, logLevels, type Logger, type LogLevel, type LogLine } from './logger.ts';
export { currentScope, runInScope, runOutsideScope, type Scope } from './scope.ts';
