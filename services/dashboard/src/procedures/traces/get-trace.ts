import { presentTrace } from '../../presenters/trace.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function getTrace({ traces }: DashboardDeps): DashboardHandler<'traces.get'> {
  return async ({ input: { traceId }, errors }) => {
    const trace = traces.get(traceId);
    if (!trace) throw errors.TRACE_NOT_FOUND({ traceId });
    return presentTrace(trace);
  };
}
