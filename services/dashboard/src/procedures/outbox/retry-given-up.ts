import { dashboardContract } from '@arcadium/contracts/dashboard';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';
import { callOutbox } from './call-outbox.ts';

const { kind, output } = dashboardContract.procedures.outbox.retry;

export function retryGivenUp(
  deps: Pick<DashboardDeps, 'live' | 'explorer'>,
): DashboardHandler<'outbox.retry'> {
  return (call) => callOutbox({ path: 'outbox.retry', kind, output }, deps, call);
}
