import type { HistoryPoint } from '@arcadium/contracts/dashboard';
import type { Part } from '../stores/history.ts';

export function presentPoint({ at, checks, up, worst, responseTimeMs, slowestMs }: Part): HistoryPoint {
  return {
    at: new Date(at).toISOString(),
    up: checks === 0 ? null : up / checks,
    status: worst,
    responseTimeMs,
    slowestMs,
  };
}
