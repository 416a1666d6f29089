import type { Fault } from '../fault-proxy/index.ts';

/** The kinds of calls, by what a second one would do. */
export const kinds = ['query', 'idempotent mutation', 'mutation with a key', 'plain mutation'] as const;
export type Kind = (typeof kinds)[number];

/** Which kinds the client makes again when it is not known whether the first attempt arrived. */
export const safety: Readonly<Record<Kind, 'safe' | 'plain'>> = {
  query: 'safe',
  'idempotent mutation': 'safe',
  'mutation with a key': 'safe',
  'plain mutation': 'plain',
};

/** What came of a call. */
export interface CallOutcome {
  /** `OK`, or the code of the error. */
  readonly saw: string;
  /** Whether the error says that the call may have been done. */
  readonly inDoubt: boolean;
  /** After so many seconds; 0 for less than half of one. */
  readonly seconds: number;
  /** Attempts that reached the server. */
  readonly attempts: number;
  /** What the caller logged: `again` where another attempt follows, else why none does. */
  readonly logged: readonly string[];
}

/** One row: a fault, and what comes of a call that is safe to make again, and of one that is not. */
export interface CallCase {
  readonly name: string;
  readonly fault: Fault;
  readonly expected: Readonly<Record<'safe' | 'plain', CallOutcome>>;
}

/** What is expected of one kind: a query has no effect that could be in doubt. */
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
/** Whether it was done is not known. */
const lost = (saw: string, seconds: number, attempts: number, logged: readonly string[]): CallOutcome => ({
  saw,
  inDoubt: true,
  seconds,
  attempts,
  logged,
});
/** It was not done. */
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
/** Meanwhile another WebSocket is asked for in vain. */
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

/** The fault stays for as long as the call takes. */
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

/** A fault that goes away does so after this, in milliseconds: in the middle between the second attempt and the third of a call that fails at once, with room for a busy machine. */
export const passesAfterMs = 2000;

/** The fault goes away while the call is under way. */
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

/** What came of a subscription. */
export interface WatchOutcome {
  /** What it saw of an event before, one during and one after the fault: `all, once each`, or what else. */
  readonly saw: string;
  /** So many seconds after the fault had begun it had seen all, or was ended. */
  readonly seconds: number;
}

/** So long a watcher meets a fault, in milliseconds: it connects again after three seconds, and is to meet it then. */
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

/** What came of a comment that somebody is to be told of. */
export interface RelayOutcome {
  /** What the author of the comment saw, and after how long. */
  readonly saw: string;
  readonly seconds: number;
  /** It was told of so many seconds after the comment. */
  readonly toldAfterSeconds: number;
  /** What the wiki logged of its calls. */
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

/** One after the other. */
export const relayed: readonly RelayCase[] = [
  relayCase('blackHole', { toldAfterSeconds: 6, logged: again(1, timeout) }),
  relayCase('resetAtOnce', { toldAfterSeconds: 3, logged: again(2, unavailable) }),
  relayCase('refuse', { toldAfterSeconds: 3, logged: again(2, unavailable) }),
];
