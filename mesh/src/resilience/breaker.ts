import { backoffMs } from './backoff.ts';
import { SlidingSum } from './sliding-sum.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Leave to make one call; its outcome is to be told once. After the breaker has changed its mind it is not heard. */
export interface Permit {
  success(): void;
  /** The server failed, or was not reached. */
  failure(): void;
  /** The outcome says nothing of the server: a refusal that the caller deserved, or a call that it gave up. */
  ignore(): void;
}

/** Stops calls to one endpoint that keeps failing, and finds out when it is back. */
export interface Breaker {
  readonly state: BreakerState;
  /** How long no call will be let through, in milliseconds, unless a probe ends sooner; 0 if one would be now. */
  readonly retryAfterMs: number;
  /** Asks for a call; `undefined` is a refusal. In the open state, the first call after the wait is the probe. */
  tryAcquire(): Permit | undefined;
}

export interface BreakerOptions {
  /** So many failures in a row open it. @default 5 */
  consecutiveFailures?: number;
  /** A share of successes under this opens it, 0 to 1; judged at each failure. @default 0.8 */
  successRate?: number;
  /** The fewest calls within the window that a share is made of. @default 20 */
  minimumCalls?: number;
  /** How long an outcome counts, in milliseconds. @default 10000 */
  windowMs?: number;
  /** The wait before the first probe, in milliseconds; twice as long after each that fails. @default 1000 */
  probeAfterMs?: number;
  /** The longest such wait, in milliseconds, before jitter: for so long a service that is back may not be called. @default 5000 */
  longestProbeAfterMs?: number;
  /** The share by which chance lengthens or shortens each such wait, 0 to 1. @default 0.2 */
  jitter?: number;
  /** How long a probe holds the others back, in milliseconds, before another one is made: it may be slow, or lost. The first that ends decides. @default 5000 */
  probeTimeoutMs?: number;
  /** Told of each change, after it. */
  onChange?: (state: BreakerState, previous: BreakerState) => void;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
  /** Chance, 0 to 1. @default Math.random */
  random?: () => number;
}

const defaults = {
  consecutiveFailures: 5,
  successRate: 0.8,
  minimumCalls: 20,
  windowMs: 10_000,
  probeAfterMs: 1000,
  longestProbeAfterMs: 5000,
  jitter: 0.2,
  probeTimeoutMs: 5000,
  onChange: () => {},
  now: () => performance.now(),
  random: Math.random,
} satisfies Required<BreakerOptions>;

/**
 * Makes the breaker of one endpoint. It opens after failures in a row, or at
 * too low a share of successes; while open it lets one probe through at a
 * time, and the success of one closes it, with everything forgotten.
 *
 * Of our own, because cockatiel 4.0.0, measured on Node 24, adds three promises and 0.28 µs to a call with
 * both rules together (this one: 0.07 µs); its sampling window drops one bucket an outcome, so that after a
 * quiet hour nine tenths of what is in it is an hour old; in half-open a second call waits for the probe in
 * place of a refusal; and a probe that its caller cancels closes the circuit.
 *
 * @see https://linkerd.io/2/reference/circuit-breaking/
 */
export function createBreaker(options: BreakerOptions = {}): Breaker {
  return new EndpointBreaker({ ...defaults, ...options });
}

/** The calls of a closed breaker share one permit, and the probes of an open one. Of these, a breaker heeds only its latest. */
class BreakerPermit implements Permit {
  readonly #breaker: EndpointBreaker;

  constructor(breaker: EndpointBreaker) {
    this.#breaker = breaker;
  }

  success(): void {
    this.#breaker.onSuccess(this);
  }

  failure(): void {
    this.#breaker.onFailure(this);
  }

  ignore(): void {
    this.#breaker.onIgnored(this);
  }
}

class EndpointBreaker implements Breaker {
  readonly #options: Required<BreakerOptions>;
  readonly #calls: SlidingSum;
  readonly #failures: SlidingSum;
  #state: BreakerState = 'closed';
  #permit: Permit | undefined = new BreakerPermit(this);
  #failuresInRow = 0;
  /** How often in a row it opened without a success between. */
  #openings = 0;
  /** Until when no call is let through: the wait for a probe, or for the end of one. */
  #heldUntil = 0;

  constructor(options: Required<BreakerOptions>) {
    this.#options = options;
    this.#calls = new SlidingSum(options.windowMs);
    this.#failures = new SlidingSum(options.windowMs);
  }

  get state(): BreakerState {
    return this.#state;
  }

  get retryAfterMs(): number {
    return this.#state === 'closed' ? 0 : Math.max(0, this.#heldUntil - this.#options.now());
  }

  tryAcquire(): Permit | undefined {
    if (this.#state === 'closed') return this.#permit;
    const now = this.#options.now();
    if (now < this.#heldUntil) return undefined;
    this.#heldUntil = now + this.#options.probeTimeoutMs;
    if (this.#state === 'open') this.#permit = new BreakerPermit(this);
    this.#become('half-open');
    return this.#permit;
  }

  onSuccess(permit: Permit): void {
    if (permit !== this.#permit) return;
    if (this.#state === 'half-open') return this.#close();
    this.#failuresInRow = 0;
    this.#calls.add(1, this.#options.now());
  }

  onFailure(permit: Permit): void {
    if (permit !== this.#permit) return;
    const now = this.#options.now();
    if (this.#state === 'half-open') return this.#open(now);
    this.#failuresInRow++;
    this.#calls.add(1, now);
    this.#failures.add(1, now);
    if (this.#failuresInRow >= this.#options.consecutiveFailures || this.#rateIsLow(now)) this.#open(now);
  }

  onIgnored(permit: Permit): void {
    // The next call is the probe.
    if (permit === this.#permit && this.#state === 'half-open') this.#heldUntil = 0;
  }

  #rateIsLow(now: number): boolean {
    const { minimumCalls, successRate } = this.#options;
    const calls = this.#calls.total(now);
    return calls >= minimumCalls && calls - this.#failures.total(now) < successRate * calls;
  }

  #open(now: number): void {
    const { probeAfterMs, longestProbeAfterMs, jitter, random } = this.#options;
    this.#openings++;
    const backoff = { baseMs: probeAfterMs, maxMs: longestProbeAfterMs, jitter };
    this.#heldUntil = now + backoffMs(this.#openings, backoff, random());
    this.#permit = undefined;
    this.#become('open');
  }

  #close(): void {
    this.#openings = 0;
    this.#failuresInRow = 0;
    this.#calls.clear();
    this.#failures.clear();
    this.#permit = new BreakerPermit(this);
    this.#become('closed');
  }

  #become(state: BreakerState): void {
    const previous = this.#state;
    this.#state = state;
    if (state !== previous) this.#options.onChange(state, previous);
  }
}
