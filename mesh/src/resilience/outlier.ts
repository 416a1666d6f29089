import { fewestCalls, SlidingSum, usualWindowMs } from './sliding-sum.ts';

/** Latency that is never an outlier, in milliseconds. */
const leastMs = 50;

/** An outlier is slower than the median of the others by more than this factor. */
const ratio = 10;

/** Length of the first ejection, in milliseconds; the n-th in a row is n times as long, up to `mostInRow`. */
const ejectionMs = 30_000;
const mostInRow = 10;

export interface OutlierOptions<Endpoint> {
  /** Mean latency of an endpoint, in milliseconds; 0 if unknown. */
  latencyMs: (endpoint: Endpoint) => number;
  /** Called after each ejection. */
  onEject?: (endpoint: Endpoint, forMs: number) => void;
  /** Called after each return. */
  onReturn?: (endpoint: Endpoint) => void;
  /** Shortest time between judgements, in milliseconds. @default 1000 */
  judgeEveryMs?: number;
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * Ejects endpoints that are much slower than their peers, for a while. Without it, balancing would forget a slow
 * answer within seconds and ask such an endpoint again and again. The breaker handles failures.
 *
 * Answers trigger judgements, at most one per `judgeEveryMs`; an ejected endpoint returns at the first judgement
 * after its time. At most half of the endpoints are ejected. Each period of `ejectionMs` in use cancels one earlier
 * ejection.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 */
export class OutlierDetector<Endpoint> {
  readonly #settings: Settings<Endpoint>;
  readonly #members = new Set<Watched<Endpoint>>();
  #judgedAt = 0;

  constructor(options: OutlierOptions<Endpoint>) {
    this.#settings = {
      onEject: () => {},
      onReturn: () => {},
      judgeEveryMs: 1000,
      now: () => performance.now(),
      ...options,
    };
  }

  /** Starts to compare an endpoint with the others. */
  add(endpoint: Endpoint): Watched<Endpoint> {
    const member = new Watched(endpoint, this, this.#settings);
    this.#members.add(member);
    return member;
  }

  onAnswer(now: number): void {
    const age = now - this.#judgedAt;
    if (age >= this.#settings.judgeEveryMs || age < 0) this.#judge(now);
  }

  /** With fewer endpoints, more than half may now be ejected: the ones due first return. */
  onRemoved(member: Watched<Endpoint>): void {
    if (!this.#members.delete(member)) return;
    const now = this.#settings.now();
    const out = this.#ejected().toSorted((a, b) => a.msUntilDue(now) - b.msUntilDue(now));
    for (const each of out.slice(0, Math.max(0, out.length - this.#mostEjected()))) each.return(now);
  }

  #judge(now: number): void {
    this.#judgedAt = now;
    for (const member of this.#ejected()) if (member.msUntilDue(now) <= 0) member.return(now);
    while (this.#ejected().length < this.#mostEjected()) {
      const outlier = this.#slowest(now);
      if (!outlier) return;
      outlier.eject(now);
    }
  }

  /** The slowest endpoint in use that is an outlier. */
  #slowest(now: number): Watched<Endpoint> | undefined {
    const peers = [...this.#members]
      .filter(({ ejected, latencyMs }) => !ejected && latencyMs > 0 && latencyMs < Infinity)
      .toSorted((a, b) => b.latencyMs - a.latencyMs);
    return peers.find((peer) => {
      if (peer.latencyMs <= leastMs || peer.answers(now) < fewestCalls) return false;
      const others = peers.filter((other) => other !== peer).map(({ latencyMs }) => latencyMs);
      return others.length > 0 && peer.latencyMs > ratio * median(others);
    });
  }

  #mostEjected(): number {
    return Math.floor(this.#members.size / 2);
  }

  #ejected(): Watched<Endpoint>[] {
    return [...this.#members].filter(({ ejected }) => ejected);
  }
}

type Settings<Endpoint> = Required<OutlierOptions<Endpoint>>;

/** One endpoint under comparison. */
export class Watched<Endpoint> {
  readonly #endpoint: Endpoint;
  readonly #settings: Settings<Endpoint>;
  readonly #answers: SlidingSum;
  /** `undefined` once removed. */
  #detector: OutlierDetector<Endpoint> | undefined;
  #ejected = false;
  #ejectedAt = 0;
  #ejectedForMs = 0;
  #returnedAt = 0;
  /** Ejections, less those cancelled by time in use. */
  #ejections = 0;

  constructor(endpoint: Endpoint, detector: OutlierDetector<Endpoint>, settings: Settings<Endpoint>) {
    this.#endpoint = endpoint;
    this.#detector = detector;
    this.#settings = settings;
    this.#answers = new SlidingSum(usualWindowMs);
  }

  get ejected(): boolean {
    return this.#ejected;
  }

  get latencyMs(): number {
    return this.#settings.latencyMs(this.#endpoint);
  }

  answers(now: number): number {
    return this.#answers.total(now);
  }

  /** Records an answer. */
  answered(): void {
    const now = this.#settings.now();
    this.#answers.add(1, now);
    this.#detector?.onAnswer(now);
  }

  /** Stops the comparison. */
  remove(): void {
    const detector = this.#detector;
    this.#detector = undefined;
    this.#ejected = false;
    detector?.onRemoved(this);
  }

  /** For the detector, as are `msUntilDue` and `return`. */
  eject(now: number): void {
    const forgiven = Math.max(0, Math.floor((now - this.#returnedAt) / ejectionMs));
    // More would not lengthen the ejection, but would take longer to cancel.
    this.#ejections = Math.min(Math.max(0, this.#ejections - forgiven) + 1, mostInRow);
    this.#ejected = true;
    this.#ejectedAt = now;
    this.#ejectedForMs = this.#ejections * ejectionMs;
    this.#settings.onEject(this.#endpoint, this.#ejectedForMs);
  }

  /** Time until the return, in milliseconds; 0 after a clock that went back. */
  msUntilDue(now: number): number {
    return now < this.#ejectedAt ? 0 : this.#ejectedAt + this.#ejectedForMs - now;
  }

  /** No effect if it was removed meanwhile. */
  return(now: number): void {
    if (!this.#ejected) return;
    this.#ejected = false;
    this.#returnedAt = now;
    this.#answers.clear();
    this.#settings.onReturn(this.#endpoint);
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 0;
  const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
  return (lower + upper) / 2;
}
