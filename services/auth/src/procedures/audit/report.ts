import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { originOf } from '../../stores/audit-log.ts';
import type { AuditStore } from '../../stores/audit-store.ts';

/** Records denied accesses as claims of the calling service, which its token names. */
export function reportDenials({
  audit,
}: {
  audit: AuditStore;
}): HandlerOf<typeof authContract, 'audit.report'> {
  return async (call) => {
    await audit.addClaimedDenials(call.caller.service.name, originOf(call), call.input.entries);
    return {};
  };
}
