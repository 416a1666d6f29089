import type { Fault } from '../fault-proxy/index.ts';

/** The kinds of calls, by the effect of a repetition. */
export const kinds = ['query', 'idempotent mutation', 'mutation with a key', 'plain mutation'] as const;
export type Kind = (typeof kinds)[number];

/** Which kinds the client retries when the first attempt may have arrived. */
export const safety: Readonly<Record<Kind, 'safe' | 'plain'>> = {
  query: 'safe',
  'idempotent mutation': 'safe',
  'mutation with a key': 'safe',
  'plain mutation': 'plain',
};

/** The outcome of a call. */
export interface CallOutcome {
  /** `OK`, or the code of the error. */
  readonly saw: string;
  /** Whether the error says that the call may have been executed. */
  readonly inDoubt: boolean;
  /** Rounded to seconds; 0 for less than half a second. */
  readonly seconds: number;
  /** Attempts that reached the server. */
  readonly attempts: number;
  /** What the caller logged: `again` if another attempt follows, otherwise why none does. */
  readonly logged: readonly string[];
}

/** One row: a fault, and the outcome of calls that are safe to repeat and of those that are not. */
export interface CallCase {
  readonly name: string;
  readonly fault: Fault;
  readonly expected: Readonly<Record<'safe' | 'plain', CallOutcome>>;
}

/** The expected outcome of one kind: a query has no effect that could be in doubt. */
export function expectedOf({ expected }: CallCase, kind: Kind): CallOutcome {
  const outcome = expected[safety[kind]];
  return { ...outcome, inDoubt: outcome.inDoubt && kind !== 'query' };
}

const ok = (seconds: number, attempts: number, logged: readonly string[] = []): CallOutcome => ({
  saw: 'OK',
  inDoubt: false,
  seconds,
  attempts,
  logged,
});
/** It is not known whether the call was executed. */
const lost = (saw: string, seconds: number, attempts: number, logged: readonly string[]): CallOutcome => ({
  saw,
  inDoubt: true,
  seconds,
  attempts,
  logged,
});
/** It was not executed. */
const failed = (...of: Parameters<typeof lost>): CallOutcome => ({ ...lost(...of), inDoubt: false });
const again = (times: number, code: string): string[] =>
  Array.from({ length: times }, () => `${code}: again`);
const everyTime = (code: string): string[] => [...again(3, code), `${code}: exhausted`];
const both = (outcome: CallOutcome) => ({ safe: outcome, plain: outcome });

const unavailable = 'SERVICE_UNAVAILABLE';
const badGateway = 'BAD_GATEWAY';
const timeout = 'TIMEOUT';
const notAgain = (code: string): string[] => [`${code}: not-retryable`];
/** The second attempt ends with the call's deadline. */
const tillTheDeadline = [...again(1, timeout), `${timeout}: deadline`];
/** Meanwhile, opening another WebSocket fails. */
const silentTillTheDeadline = [...again(1, timeout), 'calls go over HTTP', `${timeout}: deadline`];

const faults = {
  none: { kind: 'none' },
  delay: { kind: 'delay', ms: 100 },
  jitter: { kind: 'jitter', ms: 100, seed: 1 },
  resetAtOnce: { kind: 'reset', when: 'at-once' },
  resetBeforeTheAnswer: { kind: 'reset', when: 'before-the-answer' },
  blackHole: { kind: 'black-hole' },
  halfOpen: { kind: 'half-open' },
  stall: { kind: 'stall' },
  drip: { kind: 'drip', bytes: 1, everyMs: 200 },
  truncate: { kind: 'truncate', bytes: 20 },
  badGateway: { kind: 'http-error', status: 502 },
  unavailable: { kind: 'http-error', status: 503 },
  unavailableForAWhile: { kind: 'http-error', status: 503, retryAfterS: 4 },
  refuse: { kind: 'refuse' },
} as const satisfies Record<string, Fault>;

const names: Readonly<Record<keyof typeof faults, string>> = {
  none: 'nothing',
  delay: '0.1 s more each way',
  jitter: 'up to 0.1 s more each way, by chance',
  resetAtOnce: 'connections are reset (RST)',
  resetBeforeTheAnswer: 'reset between request and answer',
  blackHole: 'black hole: connections are accepted, and all that is sent is lost',
  halfOpen: 'half-open: requests arrive, answers are lost',
  stall: 'stall: nothing passes, nothing is lost',
  drip: 'answers drip, 5 bytes a second',
  truncate: 'answers end after 20 bytes',
  badGateway: 'a load balancer answers 502',
  unavailable: 'a load balancer answers 503',
  unavailableForAWhile: 'a load balancer answers 503, with Retry-After: 4',
  refuse: 'nothing listens at the port',
};

const callCase = (fault: keyof typeof faults, expected: CallCase['expected']): CallCase => ({
  name: names[fault],
  fault: faults[fault],
  expected,
});

/** The fault lasts longer than the call. */
export const lasting: readonly CallCase[] = [
  callCase('none', both(ok(0, 1))),
  callCase('delay', both(ok(0, 1))),
  callCase('jitter', both(ok(0, 1))),
  callCase('resetAtOnce', {
    safe: lost(unavailable, 7, 0, everyTime(unavailable)),
    plain: lost(unavailable, 0, 0, notAgain(unavailable)),
  }),
  callCase('resetBeforeTheAnswer', {
    safe: lost(unavailable, 7, 4, everyTime(unavailable)),
    plain: lost(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('blackHole', {
    safe: lost(timeout, 10, 0, silentTillTheDeadline),
    plain: lost(timeout, 5, 0, notAgain(timeout)),
  }),
  callCase('halfOpen', {
    safe: lost(timeout, 10, 2, silentTillTheDeadline),
    plain: lost(timeout, 5, 1, notAgain(timeout)),
  }),
  callCase('stall', {
    safe: lost(timeout, 10, 0, silentTillTheDeadline),
    plain: lost(timeout, 5, 0, notAgain(timeout)),
  }),
  callCase('drip', {
    safe: lost(timeout, 10, 2, tillTheDeadline),
    plain: lost(timeout, 5, 1, notAgain(timeout)),
  }),
  callCase('truncate', {
    safe: lost(unavailable, 7, 4, everyTime(unavailable)),
    plain: lost(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('badGateway', {
    safe: lost(badGateway, 7, 0, everyTime(badGateway)),
    plain: lost(badGateway, 0, 0, notAgain(badGateway)),
  }),
  callCase('unavailable', {
    safe: lost(badGateway, 7, 0, everyTime(badGateway)),
    plain: lost(badGateway, 0, 0, notAgain(badGateway)),
  }),
  callCase('unavailableForAWhile', {
    safe: lost(badGateway, 8, 0, [...again(2, badGateway), `${badGateway}: deadline`]),
    plain: lost(badGateway, 0, 0, notAgain(badGateway)),
  }),
  callCase('refuse', both(failed(unavailable, 7, 0, everyTime(unavailable)))),
];

/**
 * When a temporary fault ends, in milliseconds: midway between the second and third attempt of a call that
 * fails at once, with room for a busy machine.
 */
export const passesAfterMs = 2000;

/** The fault ends during the call. */
export const passing: readonly CallCase[] = [
  callCase('resetAtOnce', {
    safe: ok(3, 1, again(2, unavailable)),
    plain: lost(unavailable, 0, 0, notAgain(unavailable)),
  }),
  callCase('resetBeforeTheAnswer', {
    safe: ok(3, 3, again(2, unavailable)),
    plain: lost(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('blackHole', {
    safe: ok(6, 1, again(1, timeout)),
    plain: lost(timeout, 5, 0, notAgain(timeout)),
  }),
  callCase('halfOpen', {
    safe: ok(6, 2, again(1, timeout)),
    plain: lost(timeout, 5, 1, notAgain(timeout)),
  }),
  callCase('stall', both(ok(passesAfterMs / 1000, 1))),
  callCase('drip', both(ok(passesAfterMs / 1000, 1))),
  callCase('truncate', {
    safe: ok(3, 3, again(2, unavailable)),
    plain: lost(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('unavailable', {
    safe: ok(3, 1, again(2, badGateway)),
    plain: lost(badGateway, 0, 0, notAgain(badGateway)),
  }),
  callCase('unavailableForAWhile', {
    safe: ok(4, 1, again(1, badGateway)),
    plain: lost(badGateway, 0, 0, notAgain(badGateway)),
  }),
  callCase('refuse', both(ok(3, 1, again(2, unavailable)))),
];

/** The outcome of a subscription. */
export interface WatchOutcome {
  /**
   * The events received, of one before, one during and one after the fault: `all, once each, in order`, or a
   * list.
   */
  readonly saw: string;
  /** Seconds from the start of the fault until all were received, or the subscription ended. */
  readonly seconds: number;
}

/**
 * How long the fault of a subscription lasts, in milliseconds: longer than the three seconds after which it
 * reconnects.
 */
export const watchedForMs = 5000;

/** A subscription, and a fault for `watchedForMs`. */
export interface WatchCase {
  readonly name: string;
  readonly fault: Fault;
  readonly expected: WatchOutcome;
}

const watchCase = (
  fault: keyof typeof faults,
  seconds: number,
  saw = 'all, once each, in order',
): WatchCase => ({ name: names[fault], fault: faults[fault], expected: { saw, seconds } });

export const watched: readonly WatchCase[] = [
  watchCase('resetAtOnce', 6),
  watchCase('resetBeforeTheAnswer', 6),
  watchCase('blackHole', 15),
  watchCase('halfOpen', 15),
  watchCase('stall', 5),
  watchCase('drip', 5),
  watchCase('truncate', 6),
  watchCase('unavailable', 6),
  watchCase('refuse', 6),
];

/** The outcome of a comment that leads to a notification. */
export interface RelayOutcome {
  /** What the author of the comment received. */
  readonly saw: string;
  readonly seconds: number;
  /** Seconds from the comment to its notification. */
  readonly toldAfterSeconds: number;
  /** What the wiki logged about its calls. */
  readonly logged: readonly string[];
}

/** The fault is between the wiki and the notification service, for `passesAfterMs`. */
export interface RelayCase {
  readonly name: string;
  readonly fault: Fault;
  readonly expected: RelayOutcome;
}

const relayCase = (
  fault: keyof typeof faults,
  expected: Pick<RelayOutcome, 'toldAfterSeconds' | 'logged'>,
): RelayCase => ({
  name: names[fault],
  fault: faults[fault],
  expected: { saw: 'OK', seconds: 0, ...expected },
});

/** In this order. */
export const relayed: readonly RelayCase[] = [
  relayCase('blackHole', { toldAfterSeconds: 6, logged: again(1, timeout) }),
  relayCase('resetAtOnce', { toldAfterSeconds: 3, logged: again(2, unavailable) }),
  relayCase('refuse', { toldAfterSeconds: 3, logged: again(2, unavailable) }),
];
