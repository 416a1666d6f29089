export { tracked } from '@trpc/server';
export { type AccessMode, type Denial, type DenialReason } from './access/denial.ts';
export { DenialReporter, type DenialReport } from './access/denial-reporter.ts';
export { compile } from './call/compile.ts';
export { type CompiledProcedure } from './call/procedure.ts';
export { rawCallOf, type KnownCall, type RawCall } from './call/raw-call.ts';
export { cursorOf, pageOf, timeCursor, type CursorCodec, type PlaceInTime } from './cursor.ts';
export { type ClassifyError } from './call/failure.ts';
export { type Call, type Handler, type HandlerOf, type Handlers } from './call/handler.ts';
export { type InterceptedCall, type ServerInterceptor } from './call/interceptor.ts';
export { type IdempotencyClaim } from './call/idempotency-claim.ts';
export { parseBoundedJson } from './http/bounded-json.ts';
export { type JsonAnswer, type Route } from './http/answer.ts';
export { createHttpServer } from './http/secure-server.ts';
export { networkOf, unknownPeer, type Peer } from './call/peer.ts';
export { type DatabaseReport, type SigningKeyReport } from './report.ts';
export { Refusal } from './call/refusal.ts';
export { type RateLimitOptions } from './limits/rate-limits.ts';
export { mount, type MountedService, type MountOptions } from './mount.ts';
export { fromContract, type ServicePart } from './part.ts';
export { fromRouter, type FromRouterOptions } from './router/from-router.ts';
export { type CreateRouterContext, type RouterContextOptions } from './router/router-context.ts';
export {
  requireService,
  requireUser,
  type ContextWithRequest,
  type RequireServiceOptions,
  type RequireUserOptions,
} from './router/require.ts';
export { type MeshMeta, type ProcedureSettings } from './router/settings.ts';
export { createRouter } from './trpc/router.ts';
export { run } from './run.ts';
export { sourceOf, type CallMaker } from './call/source.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
export { serve, type RunningService, type ServeOptions } from './serve.ts';
export { startService, type Startable, type StartedService, type StartOptions } from './start-service.ts';
export { joinMesh, type AuthProcedures, type Membership, type MembershipOptions } from './membership.ts';
export {
  ClockCheck,
  clockToleranceMs,
  timeOfService,
  type ClockCheckOptions,
  type ReadTime,
} from '../clock/index.ts';
export { FairQueue } from '../resilience/index.ts';
export { formatRetryAfter } from '../wire/index.ts';
