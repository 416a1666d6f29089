import type { MapEdge } from '@arcadium/contracts/dashboard';
import type { TargetFacts } from './mesh-state.ts';
import { reasonsOf } from './reasons.ts';
import { Tallies, type Span, type Timeline } from '../metrics/timeline.ts';
import { rounded } from '@arcadium/mesh/exposition';
import { noTraffic, Traffic, type TrafficFigures } from '../metrics/traffic.ts';

/** What the processes of a caller know of a target's endpoints. */
export interface EndpointCounts {
  readonly endpoints: number;
  /** With an open breaker. */
  readonly open: number;
  readonly halfOpen: number;
  readonly ejected: number;
  readonly leaving: number;
  /** Of the process with the least. */
  readonly retryBudget: number;
}

/** The calls of one caller to one target. */
export class EdgeRecord {
  readonly caller: string;
  readonly target: string;
  readonly attempts: Tallies;
  /** By decision and reason, such as `retry SERVICE_UNAVAILABLE`. */
  readonly decisions: Tallies;
  /** By URL of the caller's process. */
  readonly facts = new Map<string, TargetFacts[]>();
  /** Whether something was told of it since the last round. */
  told = true;
  /** When a process last told of it, on a clock that does not jump. */
  seenMs = 0;
  readonly #timeline: Timeline;
  #byCaller: Traffic | undefined;
  #byTarget: Traffic | undefined;
  /** Of the rounds since the last minute of the recording. */
  #worst: EndpointCounts | undefined;

  constructor(timeline: Timeline, { caller, target }: Readonly<{ caller: string; target: string }>) {
    this.caller = caller;
    this.target = target;
    this.attempts = new Tallies(timeline);
    this.decisions = new Tallies(timeline);
    this.#timeline = timeline;
  }

  get byCaller(): Traffic {
    return (this.#byCaller ??= new Traffic(this.#timeline));
  }

  get byTarget(): Traffic {
    return (this.#byTarget ??= new Traffic(this.#timeline));
  }

  /** Whether a call was ever counted. */
  get called(): boolean {
    return this.#byCaller !== undefined || this.#byTarget !== undefined;
  }

  /** Ends a round: remembers the state of the endpoints for the recording. */
  observe(nowMs: number): void {
    if (this.told || this.facts.size > 0) this.seenMs = nowMs;
    this.told = false;
    const now = this.#counts();
    if (now) this.#worst = this.#worst ? worseOf(this.#worst, now) : now;
  }

  /** @param around.shedding Whether the target refuses calls. */
  view(span: Span, around: Readonly<{ shedding: boolean }>): MapEdge {
    return this.#view(span, around, this.#counts());
  }

  /** As `view`, with the worst state since the last call. */
  minute(span: Span, around: Readonly<{ shedding: boolean }>): MapEdge {
    const worst = this.#worst ?? this.#counts();
    this.#worst = undefined;
    return this.#view(span, around, worst);
  }

  end(): void {
    this.#byCaller?.end();
    this.#byTarget?.end();
    this.attempts.end();
    this.decisions.end();
  }

  #view(span: Span, { shedding }: { shedding: boolean }, counts: EndpointCounts | undefined): MapEdge {
    const { caller, target } = this;
    const traffic = this.#byCaller ?? this.#byTarget;
    const figures: TrafficFigures = traffic?.figures(span) ?? noTraffic;
    if (!counts) return { caller, target, ...figures, resilience: null };
    const decisions = perSecond(this.decisions, span);
    const rateOf = (decision: string) =>
      rounded(
        decisions.reduce((sum, { name, rate }) => sum + (name.split(' ')[0] === decision ? rate : 0), 0),
      );
    return {
      caller,
      target,
      ...figures,
      resilience: {
        breaker: counts.open > 0 ? 'open' : counts.halfOpen > 0 ? 'half-open' : 'closed',
        endpoints: counts.endpoints,
        ejected: counts.ejected,
        retryBudget: counts.retryBudget,
        retries: rateOf('retry'),
        failovers: rateOf('failover'),
        hedges: rateOf('hedge'),
        refused: rateOf('refused'),
        doubts: rateOf('in-doubt'),
        reasons: reasonsOf({
          target,
          ...counts,
          shedding,
          success: figures.success,
          decisions,
          faults: traffic?.faults(span) ?? [],
          attempts: this.attempts.over(span),
        }),
      },
    };
  }

  /** `undefined` if no process of the caller tells. An endpoint counts once, with the worst that a process knows. */
  #counts(): EndpointCounts | undefined {
    if (this.facts.size === 0) return undefined;
    const worst = new Map<string, number>();
    let retryBudget = Infinity;
    for (const { endpoints, retry_budget } of [...this.facts.values()].flat()) {
      retryBudget = Math.min(retryBudget, retry_budget);
      for (const one of endpoints) {
        const key = `${one.url} ${one.ip ?? ''}`;
        worst.set(key, Math.max(worst.get(key) ?? 0, rankOf(one)));
      }
    }
    const ranks = [...worst.values()];
    const count = (rank: number) => ranks.filter((one) => one === rank).length;
    return {
      endpoints: ranks.length,
      leaving: count(1),
      halfOpen: count(2),
      ejected: count(3),
      open: count(4),
      retryBudget: retryBudget === Infinity ? 0 : retryBudget,
    };
  }
}

function rankOf({ breaker, ejected, leaving }: TargetFacts['endpoints'][number]): number {
  if (breaker === 'open') return 4;
  if (ejected) return 3;
  if (breaker === 'half-open') return 2;
  return leaving ? 1 : 0;
}

function perSecond(tallies: Tallies, span: Span): { name: string; rate: number }[] {
  if (span.seconds === 0) return [];
  return tallies.over(span).map(({ name, count }) => ({ name, rate: count / span.seconds }));
}

function worseOf(one: EndpointCounts, other: EndpointCounts): EndpointCounts {
  return {
    endpoints: Math.max(one.endpoints, other.endpoints),
    open: Math.max(one.open, other.open),
    halfOpen: Math.max(one.halfOpen, other.halfOpen),
    ejected: Math.max(one.ejected, other.ejected),
    leaving: Math.max(one.leaving, other.leaving),
    retryBudget: Math.min(one.retryBudget, other.retryBudget),
  };
}
