import type { DashboardDeps, DashboardHandler } from '../deps.ts';
import { passedOn } from './passed-on.ts';

export function refreshSession({ auth }: DashboardDeps): DashboardHandler<'sessions.refresh'> {
  return ({ input, signal }) => passedOn(auth.sessions.refresh.mutate(input, { signal }));
}
