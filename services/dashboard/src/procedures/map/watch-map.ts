import { tracked } from '@arcadium/mesh/server';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

/** The map now, then after each round. A slow reader misses rounds: only the latest map is sent. */
export function watchMap({ map }: Pick<DashboardDeps, 'map'>): DashboardHandler<'map.watch'> {
  return async function* ({ signal }) {
    for await (const latest of map.follow(signal)) yield tracked(latest.at, latest);
  };
}
