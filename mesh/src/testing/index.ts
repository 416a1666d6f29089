export { createTestIdentity, type TestIdentity } from './identity.ts';
export { recordingLogger, silentLogger, type LoggedLine } from './logger.ts';
export { useFakeClock, type FakeClock } from './fake-clock.ts';
