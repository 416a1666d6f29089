export { isCallError, type CallError } from './call-error.ts';
export { connect, type ConnectOptions, type MeshClient } from './connect.ts';
export { TransportError, type TransportName } from './transport.ts';
