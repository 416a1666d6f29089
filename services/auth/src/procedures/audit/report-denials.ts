import { originOf } from '../../stores/audit-log.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Records denied accesses as claims of the calling service, which its token names. */
export function reportDenials({ audit }: AuthDeps): AuthHandler<'audit.report'> {
  return async (call) => {
    await audit.addClaimedDenials(call.caller.service.name, originOf(call), call.input.entries);
    return {};
  };
}
