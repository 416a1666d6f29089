import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function logOut({ auth }: DashboardDeps): DashboardHandler<'sessions.logout'> {
  return ({ input, signal }) => auth.sessions.logout.mutate(input, { signal });
}
