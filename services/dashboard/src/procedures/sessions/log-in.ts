import type { DashboardDeps, DashboardHandler } from '../deps.ts';
import { passedOn } from './passed-on.ts';

export function logIn({ auth }: DashboardDeps): DashboardHandler<'sessions.login'> {
  return ({ input, signal }) => passedOn(auth.sessions.login.mutate(input, { signal }));
}
