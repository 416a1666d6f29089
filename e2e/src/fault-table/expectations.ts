import type { Fault } from '../fault-proxy/index.ts';

/** The kinds of calls, by what a second one would do. */
export const kinds = ['query', 'idempotent mutation', 'mutation with a key', 'plain mutation'] as const;
export type Kind = (typeof kinds)[number];

/** Which kinds the client makes again when it is not known whether the first attempt arrived. */
export const safety: Readonly<Record<Kind, 'safe' | 'plain'>> = {
  query: 'safe',
  'idempotent mutation': 'safe',
  // No procedure takes a key of its caller yet.
  'mutation with a key': 'plain',
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

const over = { inDoubt: false, seconds: 0, attempts: 1, logged: [] } as const;
const ok = (seconds: number, attempts: number, logged: readonly string[] = []): CallOutcome => ({
  ...over,
  saw: 'OK',
  seconds,
  attempts,
  logged,
});
const failed = (saw: string, seconds: number, attempts: number, logged: readonly string[]): CallOutcome => ({
  ...over,
  saw,
  seconds,
  attempts,
  logged,
});
const again = (times: number, code: string): string[] =>
  Array.from({ length: times }, () => `${code}: again`);
const everyTime = (code: string): string[] => [...again(3, code), `${code}: exhausted`];
const both = (outcome: CallOutcome) => ({ safe: outcome, plain: outcome });

const unavailable = 'SERVICE_UNAVAILABLE';
const badGateway = 'BAD_GATEWAY';
const timeout = 'TIMEOUT';
const notAgain = (code: string): string[] => [`${code}: not-retryable`];
/** The WebSocket was given up by then, and no other one is opened. */
const silentToTheEnd = [...again(3, timeout), 'calls go over HTTP', `${timeout}: exhausted`];

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
  refuse: 'nobody listens',
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
    safe: failed(unavailable, 7, 0, everyTime(unavailable)),
    plain: failed(unavailable, 0, 0, notAgain(unavailable)),
  }),
  callCase('resetBeforeTheAnswer', {
    safe: failed(unavailable, 7, 4, everyTime(unavailable)),
    plain: failed(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('blackHole', {
    safe: failed(timeout, 27, 0, silentToTheEnd),
    plain: failed(timeout, 5, 0, notAgain(timeout)),
  }),
  callCase('halfOpen', {
    safe: failed(timeout, 27, 4, silentToTheEnd),
    plain: failed(timeout, 5, 1, notAgain(timeout)),
  }),
  callCase('stall', {
    safe: failed(timeout, 27, 0, silentToTheEnd),
    plain: failed(timeout, 5, 0, notAgain(timeout)),
  }),
  callCase('drip', {
    safe: failed(timeout, 27, 4, everyTime(timeout)),
    plain: failed(timeout, 5, 1, notAgain(timeout)),
  }),
  callCase('truncate', {
    safe: failed(unavailable, 7, 4, everyTime(unavailable)),
    plain: failed(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('badGateway', {
    safe: failed(badGateway, 7, 0, everyTime(badGateway)),
    plain: failed(badGateway, 0, 0, notAgain(badGateway)),
  }),
  callCase('unavailable', {
    safe: failed(badGateway, 7, 0, everyTime(badGateway)),
    plain: failed(badGateway, 0, 0, notAgain(badGateway)),
  }),
  callCase('refuse', both(failed(unavailable, 7, 0, everyTime(unavailable)))),
];

/** A fault that goes away does so after this, in milliseconds: in the middle between the second attempt and the third of a call that fails at once, with room for a busy machine. */
export const passesAfterMs = 2000;

/** The fault goes away while the call is under way. */
export const passing: readonly CallCase[] = [
  callCase('resetAtOnce', {
    safe: ok(3, 1, again(2, unavailable)),
    plain: failed(unavailable, 0, 0, notAgain(unavailable)),
  }),
  callCase('resetBeforeTheAnswer', {
    safe: ok(3, 3, again(2, unavailable)),
    plain: failed(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('blackHole', {
    safe: ok(22, 1, again(3, timeout)),
    plain: failed(timeout, 5, 0, notAgain(timeout)),
  }),
  callCase('halfOpen', {
    safe: ok(22, 4, again(3, timeout)),
    plain: failed(timeout, 5, 1, notAgain(timeout)),
  }),
  callCase('stall', both(ok(passesAfterMs / 1000, 1))),
  callCase('drip', both(ok(passesAfterMs / 1000, 1))),
  callCase('truncate', {
    safe: ok(3, 3, again(2, unavailable)),
    plain: failed(unavailable, 0, 1, notAgain(unavailable)),
  }),
  callCase('unavailable', {
    safe: ok(3, 1, again(2, badGateway)),
    plain: failed(badGateway, 0, 0, notAgain(badGateway)),
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
  watchCase('blackHole', 40),
  watchCase('halfOpen', 40),
  watchCase('stall', 5),
  watchCase('drip', 5),
  watchCase('truncate', 6),
  watchCase('unavailable', 3, 'before; ended with Non-200 status code (503)'),
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

/** One after the other. The silent one comes first, right after the WebSocket was opened: its heartbeat runs from there. */
export const relayed: readonly RelayCase[] = [
  relayCase('blackHole', { toldAfterSeconds: 22, logged: again(3, timeout) }),
  relayCase('resetAtOnce', { toldAfterSeconds: 3, logged: again(2, unavailable) }),
  relayCase('refuse', { toldAfterSeconds: 3, logged: again(2, unavailable) }),
];
