import { pageOf } from '@arcadium/mesh/server';
import { presentLogLine } from '../../presenters/log-line.ts';
import { arrivalCursor, walkedPage } from '../arrival.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function listLogs({ logs }: DashboardDeps): DashboardHandler<'logs.list'> {
  return async ({ input: { limit, cursor, ...filter } }) => {
    const { rows, until } = logs.list(filter, { before: arrivalCursor.decode(cursor), limit });
    const page = pageOf(rows, limit, {
      item: presentLogLine,
      cursor: ({ number }) => arrivalCursor.encode(number),
    });
    return walkedPage(page, until);
  };
}
