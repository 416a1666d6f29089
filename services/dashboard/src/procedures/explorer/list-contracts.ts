import { adminCredentials } from '../../explorer/own-credentials.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function listContracts({
  explorer,
}: Pick<DashboardDeps, 'explorer'>): DashboardHandler<'explorer.list'> {
  return async ({ caller }) => {
    explorer.admit(caller);
    return { open: explorer.open, services: await explorer.contracts.list(adminCredentials(caller)) };
  };
}
