import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { AuditStore } from '../../stores/audit-store.ts';

/** Records what the calling service denied: under the name in its token, whatever it says. */
export function reportDenials({
  audit,
}: {
  audit: AuditStore;
}): HandlerOf<typeof authContract, 'audit.report'> {
  return async ({ input, caller }) => {
    await audit.addDenials(caller.service.name, input.entries);
    return {};
  };
}
