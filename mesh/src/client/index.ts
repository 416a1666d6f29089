export { InDoubtError, isCallError, type CallError } from './call-error.ts';
export { connect, type ConnectOptions } from './connect.ts';
export { withFallback } from './fallback.ts';
export { type Lookup } from './host-name.ts';
export { type CallChanges, type ClientInterceptor, type OutgoingCall } from './interceptor.ts';
export { type CallContext, type JobClient, type MeshClient } from './mesh-client.ts';
export { type Address } from './resolve.ts';
export { NotOpened, type OpenSocket } from './socket/open.ts';
export { createSocketTransport } from './socket/socket-transport.ts';
export {
  TransportError,
  type Answer,
  type Attempt,
  type Transport,
  type TransportName,
} from './transport.ts';
