import type { authContract } from '@arcadium/contracts/auth';
import { pageOf, timeCursor, type HandlerOf } from '@arcadium/mesh/server';
import { presentAuditEntry } from '../../present.ts';
import type { AuditStore } from '../../stores/audit-store.ts';

export function listAudit({ audit }: { audit: AuditStore }): HandlerOf<typeof authContract, 'audit.list'> {
  return async ({ input: { limit, cursor, event, subject } }) => {
    const rows = await audit.list({ event, subject }, limit + 1, timeCursor.decode(cursor));
    return pageOf(rows, limit, {
      item: presentAuditEntry,
      cursor: ({ at, id }) => timeCursor.encode({ at, id }),
    });
  };
}
