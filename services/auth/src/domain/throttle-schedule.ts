/** How failed log-ins delay further attempts. */
export interface ThrottleRule {
  /** Number of failures without a delay after them; the last one starts the first delay. */
  readonly freeFailures: number;
  /**
   * After this time without an attempt, in milliseconds, the counter is reset. It is longer than the longest
   * delay.
   */
  readonly forgetAfterMs: number;
}

const hourMs = 3_600_000;

/** For each email address entered: guesses at the password of one account. */
export const accountRule: ThrottleRule = { freeFailures: 5, forgetAfterMs: 24 * hourMs };

/** For each network: guesses of one password for many accounts. Many users may share a network. */
export const addressRule: ThrottleRule = { freeFailures: 20, forgetAfterMs: hourMs };

const firstDelayMs = 1000;
const longestDelayMs = 15 * 60_000;

/**
 * The delay after a number of failures, in milliseconds: 1 s when the free ones are used up, doubling up to
 * 15 minutes. That allows 96 guesses per day and account, below the 100 in a row that NIST 800-63B-4 §3.2.2
 * allows.
 */
export function delayMs(failures: number, { freeFailures }: ThrottleRule): number {
  if (failures < freeFailures) return 0;
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures - freeFailures, 30));
}

/** The delays after 1, 2, 3 … failures, up to the first maximum. */
export function delaysOf(rule: ThrottleRule): number[] {
  const delays: number[] = [];
  for (let failures = 1; delays.at(-1) !== longestDelayMs; failures++) delays.push(delayMs(failures, rule));
  return delays;
}
