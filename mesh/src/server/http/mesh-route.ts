import { admin, anyService, either, type Caller } from '../../contract/index.ts';
import type { RevocationStatus } from '../../identity/index.ts';
import { targetStates } from '../../telemetry/index.ts';
import type { Route } from './answer.ts';
import { credentialsOf } from './request-headers.ts';
import { givenRequestId } from './request-id.ts';
import type { Service } from '../service.ts';

const meshPath = '/api/mesh';

/** It shows the endpoints of the mesh. */
const asked = { path: meshPath, procedure: { access: either(admin, anyService) } };

/**
 * Makes the route `/api/mesh`, for services and administrators: the endpoints that this process calls, its revocation
 * list, and its load.
 */
export function meshRoute({ name, options, admission, access, peerOf }: Service): Route {
  return async (request) => {
    const attempt = { requestId: givenRequestId(request), peer: peerOf(request) };
    let caller: Caller;
    try {
      caller = await options.authenticate(credentialsOf(request));
    } catch (thrown) {
      access.refused(thrown, meshPath, attempt);
      throw thrown;
    }
    access.authorise(asked, caller, attempt);
    const { procedures, queued, eventLoopDelayMs, shedding } = admission.snapshot();
    return {
      status: 200,
      body: {
        service: name,
        version: options.version,
        timestamp: new Date().toISOString(),
        targets: targetStates(),
        ...(options.revocations && { identity: { revocations: present(options.revocations.status()) } }),
        server: {
          shedding,
          queued,
          event_loop_delay_ms: Math.round(eventLoopDelayMs),
          procedures: procedures.map(({ path, limit, inFlight }) => ({ path, limit, in_flight: inFlight })),
        },
      },
    };
  };
}

function present({ state, size, position, confirmedMsAgo }: RevocationStatus) {
  return { state, size, position, confirmed_ms_ago: confirmedMsAgo ?? null };
}
