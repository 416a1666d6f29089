// The client without a contract, for the other folders of the mesh. Not part of the package's interface: that is
// index.ts.
export { call } from './call.ts';
export { answeredError, localError, sentError } from './call-error.ts';
export { isPerson, openConnection, type Connection, type PolicyOptions } from './connection.ts';
export { Cancellation } from './gone.ts';
export { createHttpTransport, type AnyHttpRequest } from './transports/http-transport.ts';
export { notReached } from './transports/transport.ts';
export { unfitEndpoints } from './skew/unfit.ts';
export { subscriptionLinks } from './subscriptions/event-client.ts';
export { meterOf, type CalledProcedure, type Target } from './target.ts';
