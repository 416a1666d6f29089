/** How long wrong log-ins keep others waiting. */
export interface ThrottleRule {
  /** So many are free; after the last of them the first delay begins. */
  readonly freeFailures: number;
  /** When there was no attempt for so long, it begins anew, in milliseconds; more than the longest delay. */
  readonly forgetAfterMs: number;
}

const hourMs = 3_600_000;

/** By the e-mail address that was typed: whether somebody guesses the password of one account. */
export const accountRule: ThrottleRule = { freeFailures: 5, forgetAfterMs: 24 * hourMs };

/** By the network that it came from: whether somebody tries one password with many accounts. Many people may share one. */
export const addressRule: ThrottleRule = { freeFailures: 20, forgetAfterMs: hourMs };

const firstDelayMs = 1000;
const longestDelayMs = 15 * 60_000;

/**
 * How long nobody may try again after so many failures, in milliseconds: one
 * second when the free ones are used up, then twice as long each time, 15
 * minutes at most. At that pace it takes 96 guesses a day and account, below
 * the 100 in a row that NIST 800-63B-4 §3.2.2 allows.
 */
export function delayMs(failures: number, { freeFailures }: ThrottleRule): number {
  if (failures < freeFailures) return 0;
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures - freeFailures, 30));
}

/** The same for 1, 2, 3 … failures, up to the first of the longest delays. */
export function delaysOf(rule: ThrottleRule): number[] {
  const delays: number[] = [];
  for (let failures = 1; delays.at(-1) !== longestDelayMs; failures++) delays.push(delayMs(failures, rule));
  return delays;
}
