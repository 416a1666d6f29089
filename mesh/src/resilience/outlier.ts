import { SlidingSum } from './sliding-sum.ts';

export interface OutlierOptions<Endpoint> {
  /** What an answer of an endpoint usually takes, in milliseconds: a mean, as peaks pass by themselves; 0 if unknown. */
  latencyMs: (endpoint: Endpoint) => number;
  /** Told of each ejection, after it. */
  onEject?: (endpoint: Endpoint, forMs: number) => void;
  /** Told of each return, after it. */
  onReturn?: (endpoint: Endpoint) => void;
  /** The fewest answers that an endpoint is judged by. @default 20 */
  minimumAnswers?: number;
  /** How long an answer counts, in milliseconds. @default 10000 */
  windowMs?: number;
  /** A latency up to this is no outlier's, in milliseconds. @default 50 */
  leastMs?: number;
  /** Nor is one up to so many times the median of the others. @default 10 */
  ratio?: number;
  /** The shortest time between two judgements, in milliseconds. @default 1000 */
  judgeEveryMs?: number;
  /** How long the first ejection lasts, in milliseconds; the n-th in a row n times as long. @default 30000 */
  ejectionMs?: number;
  /** The longest that one lasts, in milliseconds. @default 300000 */
  longestEjectionMs?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * Ejects the endpoints of one target that are much slower than their peers,
 * for a while. Two-choice balancing forgets a slow answer within seconds, and
 * would ask such an endpoint again and again; failures it avoids by itself,
 * with the breaker.
 *
 * The endpoints are judged when an answer is told, at most once a second; an
 * ejected one comes back at the first judgement after its time. Never more
 * than half of them are out: of one, none. For each period of the first
 * ejection's length that an endpoint stays in, one ejection is forgiven.
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
      minimumAnswers: 20,
      windowMs: 10_000,
      leastMs: 50,
      ratio: 10,
      judgeEveryMs: 1000,
      ejectionMs: 30_000,
      longestEjectionMs: 300_000,
      now: () => performance.now(),
      ...options,
    };
  }

  /** Begins to compare an endpoint with the others. */
  add(endpoint: Endpoint): Watched<Endpoint> {
    const member = new Watched(endpoint, this, this.#settings);
    this.#members.add(member);
    return member;
  }

  /** An endpoint has answered. */
  onAnswer(now: number): void {
    const age = now - this.#judgedAt;
    if (age >= this.#settings.judgeEveryMs || age < 0) this.#judge(now);
  }

  /** With fewer endpoints, more than half may now be out: those that are due first return. */
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

  /** The slowest of those that are in, if it is an outlier. */
  #slowest(now: number): Watched<Endpoint> | undefined {
    const { minimumAnswers, leastMs, ratio } = this.#settings;
    const peers = [...this.#members]
      .filter(({ ejected, latencyMs }) => !ejected && latencyMs > 0 && latencyMs < Infinity)
      .toSorted((a, b) => b.latencyMs - a.latencyMs);
    return peers.find((peer) => {
      if (peer.latencyMs <= leastMs || peer.answers(now) < minimumAnswers) return false;
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

/** One endpoint under comparison: is told of its answers. */
export class Watched<Endpoint> {
  readonly #endpoint: Endpoint;
  readonly #settings: Settings<Endpoint>;
  readonly #answers: SlidingSum;
  /** Until it is removed. */
  #detector: OutlierDetector<Endpoint> | undefined;
  #ejected = false;
  #ejectedAt = 0;
  #ejectedForMs = 0;
  #returnedAt = 0;
  /** How often it was ejected, less what was forgiven. */
  #ejections = 0;

  constructor(endpoint: Endpoint, detector: OutlierDetector<Endpoint>, settings: Settings<Endpoint>) {
    this.#endpoint = endpoint;
    this.#detector = detector;
    this.#settings = settings;
    this.#answers = new SlidingSum(settings.windowMs);
  }

  /** Whether it should get no calls as long as others can take them. */
  get ejected(): boolean {
    return this.#ejected;
  }

  get latencyMs(): number {
    return this.#settings.latencyMs(this.#endpoint);
  }

  answers(now: number): number {
    return this.#answers.total(now);
  }

  /** The endpoint has answered. */
  answered(): void {
    const now = this.#settings.now();
    this.#answers.add(1, now);
    this.#detector?.onAnswer(now);
  }

  /** The endpoint is gone. Nothing happens the second time. */
  remove(): void {
    const detector = this.#detector;
    this.#detector = undefined;
    this.#ejected = false;
    detector?.onRemoved(this);
  }

  /** For the detector. */
  eject(now: number): void {
    const { ejectionMs, longestEjectionMs } = this.#settings;
    const forgiven = Math.max(0, Math.floor((now - this.#returnedAt) / ejectionMs));
    // No more are counted than make a difference, so that they can be lived down.
    const most = Math.ceil(longestEjectionMs / ejectionMs);
    this.#ejections = Math.min(Math.max(0, this.#ejections - forgiven) + 1, most);
    this.#ejected = true;
    this.#ejectedAt = now;
    this.#ejectedForMs = Math.min(this.#ejections * ejectionMs, longestEjectionMs);
    this.#settings.onEject(this.#endpoint, this.#ejectedForMs);
  }

  /** For the detector. A clock that went back makes it due: how long it has been out is not known. */
  msUntilDue(now: number): number {
    return now < this.#ejectedAt ? 0 : this.#ejectedAt + this.#ejectedForMs - now;
  }

  /** For the detector. Nothing happens if it was removed meanwhile. */
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
