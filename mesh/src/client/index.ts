export { InDoubtError, isCallError, type CallError } from './call-error.ts';
export { connect, type ConnectOptions, type MeshClient } from './connect.ts';
export { type Address } from './resolve.ts';
export {
  TransportError,
  type Answer,
  type Attempt,
  type Transport,
  type TransportName,
} from './transport.ts';
