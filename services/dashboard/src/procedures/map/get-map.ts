import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function getMap({ map }: Pick<DashboardDeps, 'map'>): DashboardHandler<'map.get'> {
  return async ({ input: { at }, errors }) => {
    const found = at === undefined ? map.current() : map.at(Date.parse(at));
    if (found) return found;
    const { from, to } = map.range();
    throw errors.NOT_RECORDED({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  };
}
