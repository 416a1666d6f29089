export { createTestIdentity, type TestIdentity } from './identity.ts';
export { recordingLogger, silentLogger, type LoggedLine } from './logger.ts';
