import { dashboardContract } from '@arcadium/contracts/dashboard';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';
import { callOutbox } from './call-outbox.ts';

const { kind, output } = dashboardContract.procedures.outbox.list;

export function listGivenUp(deps: Pick<DashboardDeps, 'live' | 'explorer'>): DashboardHandler<'outbox.list'> {
  return (call) => callOutbox({ path: 'outbox.list', kind, output }, deps, call);
}
