import { pageOf, timeCursor } from '@arcadium/mesh/server';
import { presentAuditEntry } from '../../presenters/audit-entry.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function listAudit({ audit }: AuthDeps): AuthHandler<'audit.list'> {
  return async ({ input: { limit, cursor, since, ...filter } }) => {
    const from = { ...filter, since: since === undefined ? undefined : new Date(since) };
    const rows = await audit.list(from, limit + 1, timeCursor.decode(cursor));
    return pageOf(rows, limit, {
      item: presentAuditEntry,
      cursor: ({ at, id }) => timeCursor.encode({ at, id }),
    });
  };
}
