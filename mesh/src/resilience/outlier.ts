import { defaultOutlierRules, findOutlier, type OutlierReason, type OutlierRules } from './outlier-rules.ts';
import { SlidingSum } from './sliding-sum.ts';

/** Finds the endpoints that do worse than their peers, and ejects them for a while. */
export interface OutlierDetector<Endpoint> {
  /** Begins to compare an endpoint with the others. */
  add(endpoint: Endpoint): Watched;
}

/** One endpoint under comparison: is told how each call to it ended. */
export interface Watched {
  success(): void;
  /** The endpoint failed, or was not reached. */
  failure(): void;
  /** Whether it should get no calls as long as others can take them. */
  readonly ejected: boolean;
  /** The endpoint is gone: nothing is told of it any more, nor heard. Nothing happens the second time. */
  remove(): void;
}

export interface OutlierOptions<Endpoint> {
  /** What an answer of an endpoint usually takes, in milliseconds: a mean, as peaks pass by themselves; 0 if unknown. @default unknown */
  latencyMs?: (endpoint: Endpoint) => number;
  /**
   * Whether a breaker keeps calls from it: that finds out within seconds when an endpoint is back, so it is not ejected
   * for its failures as well. @default no
   */
  leftAlone?: (endpoint: Endpoint) => boolean;
  /** Told of each ejection, after it. */
  onEject?: (endpoint: Endpoint, ejection: Readonly<{ reason: OutlierReason; forMs: number }>) => void;
  /** Told of each return, after it. */
  onReturn?: (endpoint: Endpoint) => void;
  /** Who is an outlier. @default as each rule says */
  rules?: Partial<OutlierRules>;
  /** How long an outcome counts, in milliseconds. @default 10000 */
  windowMs?: number;
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
 * Makes the detector for the endpoints of one target. They are judged when an
 * outcome is told, at most once a second, for failures only if there was one
 * since the last time; an ejected one comes back at the
 * first judgement after its time, with its outcomes forgotten. Never more than
 * half of them are out: of one, none. For each period of the first ejection's
 * length that an endpoint stays in, one ejection is forgiven.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 */
export function createOutlierDetector<Endpoint>(
  options: OutlierOptions<Endpoint> = {},
): OutlierDetector<Endpoint> {
  return new Detector({
    latencyMs: () => 0,
    leftAlone: () => false,
    onEject: () => {},
    onReturn: () => {},
    windowMs: 10_000,
    judgeEveryMs: 1000,
    ejectionMs: 30_000,
    longestEjectionMs: 300_000,
    now: () => performance.now(),
    ...options,
    rules: { ...defaultOutlierRules, ...options.rules },
  });
}

type Settings<Endpoint> = Required<OutlierOptions<Endpoint>> & { rules: OutlierRules };

class Detector<Endpoint> implements OutlierDetector<Endpoint> {
  readonly #settings: Settings<Endpoint>;
  readonly #members = new Set<Member<Endpoint>>();
  #judgedAt = 0;

  constructor(settings: Settings<Endpoint>) {
    this.#settings = settings;
  }

  add(endpoint: Endpoint): Watched {
    const member = new Member(endpoint, this, this.#settings);
    this.#members.add(member);
    return member;
  }

  onOutcome(now: number): void {
    const age = now - this.#judgedAt;
    if (age >= this.#settings.judgeEveryMs || age < 0) this.#judge(now);
  }

  /** Half of fewer may be less than are out. */
  onRemoved(member: Member<Endpoint>): void {
    if (!this.#members.delete(member)) return;
    const now = this.#settings.now();
    const out = this.#ejected().toSorted((a, b) => a.msUntilDue(now) - b.msUntilDue(now));
    for (const each of out.slice(0, Math.max(0, out.length - this.#mostEjected()))) each.return(now);
  }

  #judge(now: number): void {
    this.#judgedAt = now;
    this.#ejectOutliers(now);
    for (const member of this.#members) member.judged();
  }

  #ejectOutliers(now: number): void {
    for (const member of this.#ejected()) if (member.msUntilDue(now) <= 0) member.return(now);
    while (this.#ejected().length < this.#mostEjected()) {
      const peers = [...this.#members].filter(({ ejected }) => !ejected).map((member) => member.figures(now));
      const outlier = findOutlier(peers, this.#settings.rules);
      if (!outlier) return;
      outlier.peer.member.eject(outlier.reason, now);
    }
  }

  #mostEjected(): number {
    return Math.floor(this.#members.size / 2);
  }

  #ejected(): Member<Endpoint>[] {
    return [...this.#members].filter(({ ejected }) => ejected);
  }
}

class Member<Endpoint> implements Watched {
  readonly #endpoint: Endpoint;
  readonly #settings: Settings<Endpoint>;
  readonly #calls: SlidingSum;
  readonly #failures: SlidingSum;
  /** Until it is removed. */
  #detector: Detector<Endpoint> | undefined;
  /** Whether it has failed since it was judged. */
  #failedLately = false;
  #ejected = false;
  #ejectedAt = 0;
  #ejectedForMs = 0;
  #returnedAt = 0;
  /** How often it was ejected, less what was forgiven. */
  #ejections = 0;

  constructor(endpoint: Endpoint, detector: Detector<Endpoint>, settings: Settings<Endpoint>) {
    this.#endpoint = endpoint;
    this.#settings = settings;
    this.#calls = new SlidingSum(settings.windowMs);
    this.#failures = new SlidingSum(settings.windowMs);
    this.#detector = detector;
  }

  get ejected(): boolean {
    return this.#ejected;
  }

  success(): void {
    const now = this.#settings.now();
    this.#calls.add(1, now);
    this.#detector?.onOutcome(now);
  }

  failure(): void {
    const now = this.#settings.now();
    this.#calls.add(1, now);
    this.#failures.add(1, now);
    this.#failedLately = true;
    this.#detector?.onOutcome(now);
  }

  remove(): void {
    const detector = this.#detector;
    this.#detector = undefined;
    this.#ejected = false;
    detector?.onRemoved(this);
  }

  figures(now: number) {
    return {
      member: this,
      calls: this.#calls.total(now),
      failures: this.#failures.total(now),
      failing: this.#failedLately && !this.#settings.leftAlone(this.#endpoint),
      latencyMs: this.#settings.latencyMs(this.#endpoint),
    };
  }

  judged(): void {
    this.#failedLately = false;
  }

  eject(reason: OutlierReason, now: number): void {
    const { ejectionMs, longestEjectionMs } = this.#settings;
    const forgiven = Math.max(0, Math.floor((now - this.#returnedAt) / ejectionMs));
    // No more are counted than make a difference, so that they can be lived down.
    const most = Math.ceil(longestEjectionMs / ejectionMs);
    this.#ejections = Math.min(Math.max(0, this.#ejections - forgiven) + 1, most);
    this.#ejected = true;
    this.#ejectedAt = now;
    this.#ejectedForMs = Math.min(this.#ejections * ejectionMs, longestEjectionMs);
    this.#settings.onEject(this.#endpoint, { reason, forMs: this.#ejectedForMs });
  }

  /** A clock that went back makes it due, as nobody knows how long it has been. */
  msUntilDue(now: number): number {
    return now < this.#ejectedAt ? 0 : this.#ejectedAt + this.#ejectedForMs - now;
  }

  /** Nothing happens if it has been removed meanwhile, by who was told of another. */
  return(now: number): void {
    if (!this.#ejected) return;
    this.#ejected = false;
    this.#returnedAt = now;
    this.#calls.clear();
    this.#failures.clear();
    this.#settings.onReturn(this.#endpoint);
  }
}
