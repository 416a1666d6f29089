import { tracked } from '@arcadium/mesh/server';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

/** The state now, then after each round. A slow reader misses rounds: only the latest state is sent. */
export function watchStatus({ status }: DashboardDeps): DashboardHandler<'status.watch'> {
  return async function* ({ signal }) {
    for await (const state of status.follow(signal)) yield tracked(state.at, state);
  };
}
