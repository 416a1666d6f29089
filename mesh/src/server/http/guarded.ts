import { admin, anyService, either, type Access, type Caller } from '../../contract/index.ts';
import type { Service } from '../service.ts';
import type { Route } from './answer.ts';
import { credentialsOf, givenRequestId } from './request-headers.ts';

/** For any service of this mesh, and administrators. */
export const operators: Access = either(admin, anyService);

/** Restricts a route to the callers that a rule admits, like a procedure: denials are counted and reported. */
export function guarded(
  { options, access, peerOf }: Service,
  { path, rule }: { path: string; rule: Access },
  route: Route,
): Route {
  const asked = { path, procedure: { access: rule } };
  return async (request) => {
    const attempt = { requestId: givenRequestId(request), peer: peerOf(request) };
    let caller: Caller;
    try {
      caller = await options.authenticate(credentialsOf(request));
    } catch (thrown) {
      access.refused(thrown, path, attempt);
      throw thrown;
    }
    access.authorise(asked, caller, attempt);
    return route(request);
  };
}
