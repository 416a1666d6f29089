import type { HistoryPoint, ServiceStatus } from '@arcadium/contracts/dashboard';
import { memo } from 'react';
import { timeOfDay } from '../format.ts';
import style from './strip.module.css';

const step = 4;
const height = 20;
/** Height of a bar, from the bottom, so that the strip can be read without colour. */
const heights: Record<ServiceStatus, number> = {
  healthy: 20,
  degraded: 13,
  unhealthy: 7,
  stale: 3,
  unknown: 2,
};

/** The checks of a span, as bars: the lower, the worse. */
export const Strip = memo(function Strip({ points, of }: { points: readonly HistoryPoint[]; of: string }) {
  const bars = new Map<ServiceStatus, string>();
  for (const [index, { status }] of points.entries()) {
    const top = height - heights[status];
    bars.set(status, `${bars.get(status) ?? ''}M${index * step + 0.5} ${top}h3v${heights[status]}h-3z`);
  }
  return (
    <svg
      className={style.strip}
      viewBox={`0 0 ${Math.max(points.length, 1) * step} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${of}: ${inWords(points)}`}
    >
      {[...bars].map(([status, path]) => (
        <path
          key={status}
          className={status === 'healthy' ? style.healthy : status}
          d={path}
          fill="currentColor"
        />
      ))}
    </svg>
  );
});

function inWords(points: readonly HistoryPoint[]): string {
  const bad = points.filter(({ status }) => status === 'unhealthy' || status === 'degraded');
  const [first, last] = [bad[0], bad.at(-1)];
  if (!first || !last) return 'no failed check';
  return `failed checks between ${timeOfDay(first.at)} and ${timeOfDay(last.at)}`;
}
