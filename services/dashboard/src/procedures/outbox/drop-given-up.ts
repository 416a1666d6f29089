import { dashboardContract } from '@arcadium/contracts/dashboard';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';
import { callOutbox } from './call-outbox.ts';

const { kind, output } = dashboardContract.procedures.outbox.drop;

export function dropGivenUp(deps: Pick<DashboardDeps, 'live' | 'explorer'>): DashboardHandler<'outbox.drop'> {
  return (call) => callOutbox({ path: 'outbox.drop', kind, output }, deps, call);
}
