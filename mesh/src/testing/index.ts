export {
  createAuthority,
  type Authority,
  type AuthorityOptions,
  type CertificateOptions,
  type IssuedCertificate,
} from './authority/authority.ts';
export { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';
export { createTestIdentity, type TestIdentity } from './identity.ts';
export { recordingLogger, silentLogger, type LoggedLine } from './logger.ts';
export { useFakeClock, type FakeClock } from './fake-clock.ts';
export { registry, RevocationList, startRegistry } from './revocations.ts';
export { createMemoryNetwork, type MemoryNetwork, type MemoryService } from './memory.ts';
export { type MemoryLine } from './memory-socket.ts';
