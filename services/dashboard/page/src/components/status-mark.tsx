import type { ServiceStatus } from '@arcadium/contracts/dashboard';
import style from './status-mark.module.css';

/** A shape for each status, so that it does not depend on colour; in a box of 12 × 12. */
export const shapes: Record<ServiceStatus, string> = {
  healthy: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z',
  degraded: 'M6 .8 11.6 11H.4Z',
  unhealthy: 'M1.2 1.2h9.6v9.6H1.2Z',
  stale: 'M6 .4 11.6 6 6 11.6.4 6Z',
  unknown: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Zm0 1.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4Z',
};

/** A status as shape, colour and word. */
export function StatusMark({ status, children }: { status: ServiceStatus; children?: string }) {
  return (
    <span className={`${style.mark} ${status}`}>
      <svg width="10" height="10" viewBox="0 0 12 12" aria-hidden="true">
        <path d={shapes[status]} fill="currentColor" />
      </svg>
      {children ?? status}
    </span>
  );
}
