import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { presentIncident } from '../../presenters/incident.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

const cursor = cursorOf(z.int().min(1));

export function listIncidents({ incidents }: DashboardDeps): DashboardHandler<'status.incidents'> {
  return async ({ input: { service, limit, cursor: given } }) => {
    const rows = incidents.list({ service, before: cursor.decode(given), limit: limit + 1 });
    return pageOf(rows, limit, { item: presentIncident, cursor: ({ id }) => cursor.encode(id) });
  };
}
