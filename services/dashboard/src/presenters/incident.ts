import type { Incident } from '@arcadium/contracts/dashboard';
import type { StoredIncident } from '../stores/incidents.ts';

export function presentIncident({ id, service, startedAt, endedAt, reason }: StoredIncident): Incident {
  return {
    id,
    service,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    reason,
  };
}
