import { pageOf } from '@arcadium/mesh/server';
import { presentTraceSummary } from '../../presenters/trace.ts';
import { arrivalCursor, walkedPage } from '../arrival.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function listTraces({ traces }: DashboardDeps): DashboardHandler<'traces.list'> {
  return async ({ input: { limit, cursor, ...filter } }) => {
    const { rows, until } = traces.list(filter, { before: arrivalCursor.decode(cursor), limit });
    const page = pageOf(rows, limit, {
      item: presentTraceSummary,
      cursor: ({ number }) => arrivalCursor.encode(number),
    });
    return walkedPage(page, until);
  };
}
