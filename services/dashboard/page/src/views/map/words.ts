import type { MapEdge } from '@arcadium/contracts/dashboard';
import { milliseconds, percent, rate } from '../../format.ts';

/** How an edge is drawn; what is worse counts. */
export type Mood = 'calm' | 'uneasy' | 'failing';

export function moodOf({ success, resilience }: MapEdge): Mood {
  if (resilience?.breaker === 'open' || (success !== null && success < 0.9)) return 'failing';
  const isUneasy = (success !== null && success < 0.99) || (resilience?.reasons.length ?? 0) > 0;
  return isUneasy ? 'uneasy' : 'calm';
}

/** The state of the breaker, where it is not closed; else the first thing that is unusual. */
export function flagOf({ resilience }: MapEdge): string | null {
  if (!resilience) return null;
  if (resilience.breaker !== 'closed') return `breaker ${resilience.breaker}`;
  if (resilience.ejected > 0) return `${resilience.ejected} of ${resilience.endpoints} ejected`;
  if (resilience.refused > 0) return `${rate(resilience.refused)}/s refused`;
  if (resilience.retries > 0) return `${rate(resilience.retries)}/s retried`;
  if (resilience.hedges > 0) return `${rate(resilience.hedges)}/s hedged`;
  return null;
}

/** Empty for an edge without calls: many zeros hide what matters. */
export function labelOf({ rate: perSecond, success, p95 }: MapEdge): string {
  if (perSecond === 0) return '';
  const parts = [`${rate(perSecond)}/s`];
  if (success !== null && success < 0.9995) parts.push(percent(success));
  if (p95 !== null) parts.push(milliseconds(p95));
  return parts.join(' · ');
}

export const keyOf = ({ caller, target }: Pick<MapEdge, 'caller' | 'target'>): string =>
  `${caller}~${target}`;

/** `user` and `anyone` as words. */
export function callerName(caller: string): string {
  if (caller === 'user') return 'users';
  return caller === 'anyone' ? 'anonymous' : caller;
}

/** Figures of an edge's resilience, as pairs of name and value. */
export function factsOf(resilience: NonNullable<MapEdge['resilience']>): [string, string][] {
  return [
    ['Breaker', resilience.breaker],
    ['Endpoints', `${resilience.endpoints}, ${resilience.ejected} ejected`],
    ['Retry budget', resilience.retryBudget.toFixed(0)],
    ['Retries', `${rate(resilience.retries)}/s`],
    ['Failovers', `${rate(resilience.failovers)}/s`],
    ['Hedges', `${rate(resilience.hedges)}/s`],
    ['Refused unsent', `${rate(resilience.refused)}/s`],
    ['In doubt', `${rate(resilience.doubts)}/s`],
  ];
}
