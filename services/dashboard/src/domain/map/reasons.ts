/** What the reasons of an edge are found in. */
export interface EdgeFacts {
  readonly target: string;
  readonly endpoints: number;
  readonly open: number;
  readonly halfOpen: number;
  readonly ejected: number;
  readonly leaving: number;
  readonly retryBudget: number;
  /** Contracts that differ, as processes of the caller know them. */
  readonly skews: readonly Skew[];
  /** Whether the target refuses calls for lack of capacity. */
  readonly shedding: boolean;
  readonly success: number | null;
  /** By decision and reason, such as `retry TIMEOUT`; per second, most first. */
  readonly decisions: readonly Readonly<{ name: string; rate: number }>[];
  /** By error code, most first. */
  readonly faults: readonly Readonly<{ name: string; count: number }>[];
  /** By transport. */
  readonly attempts: readonly Readonly<{ name: string; count: number }>[];
}

/** A process of the caller was built with another contract than an endpoint of the target. */
export interface Skew {
  /** Hashes. */
  readonly ours: string;
  readonly theirs: string;
  /** Procedures that the caller refuses. */
  readonly refused: readonly string[];
}

/** Share of successful calls from which failures are not worth a word. */
const unremarkable = 0.999;
/** Fewest answers over HTTP that say something about the transport. */
const enoughAnswers = 20;

/** What is unusual on an edge, in words, most important first: what costs callers their answers, then what was saved. */
export function reasonsOf(facts: EdgeFacts): string[] {
  return [...unavailable(facts), ...failing(facts), ...repeated(facts), ...skewed(facts), ...passing(facts)];
}

/** Most procedures that a reason names. */
const mostNamed = 5;

function skewed({ target, skews }: EdgeFacts): string[] {
  const words = skews.map(({ ours, theirs, refused }) => {
    const more = refused.length > mostNamed ? `, and ${refused.length - mostNamed} more` : '';
    const verdict =
      refused.length > 0 ? `refused: ${refused.slice(0, mostNamed).join(', ')}${more}` : 'no call is refused';
    return `built with contract ${ours} of ${target}, which runs with ${theirs}: ${verdict}`;
  });
  return [...new Set(words)].toSorted();
}

function unavailable({ target, endpoints, open, decisions, shedding }: EdgeFacts): string[] {
  const refused = rateOf(decisions, 'refused', 'breaker');
  const unfit = rateOf(decisions, 'refused', 'contract');
  const doubts = rateOf(decisions, 'in-doubt');
  return [
    ...(open > 0 && open === endpoints
      ? [
          endpoints === 1
            ? `breaker open on the only endpoint of ${target}`
            : `breaker open on all ${endpoints} endpoints of ${target}`,
        ]
      : []),
    ...(refused > 0 ? [`${perSecond(refused)} not sent, because no breaker let them through`] : []),
    ...(unfit > 0 ? [`${perSecond(unfit)} refused, because they do not fit the contract of ${target}`] : []),
    ...(doubts > 0
      ? [`${perSecond(doubts)} in doubt: they failed, but ${target} may have executed them`]
      : []),
    ...(open > 0 && open < endpoints
      ? [`breaker open on ${open} of ${endpoints} endpoints of ${target}`]
      : []),
    ...(shedding ? [`${target} refuses calls for lack of capacity`] : []),
  ];
}

function failing({ target, success, faults, retryBudget, endpoints, decisions }: EdgeFacts): string[] {
  const [most] = faults;
  const unspent = rateOf(decisions, 'no-retry', 'budget');
  const late = rateOf(decisions, 'deadline-passed');
  return [
    ...(success !== null && success < unremarkable && most
      ? [`${percent(1 - success)} of calls fail by the fault of ${target}, most with ${most.name}`]
      : []),
    ...(unspent > 0 || (endpoints > 0 && retryBudget < 1)
      ? [`retry budget used up${unspent > 0 ? `: ${perSecond(unspent)} not repeated` : ''}`]
      : []),
    ...(late > 0 ? [`${perSecond(late)} ended by their deadline`] : []),
  ];
}

function repeated({ decisions }: EdgeFacts): string[] {
  return [
    ...reasonsFor(decisions, 'retry').map(
      ({ reason, rate }) => `${perSecond(rate)} repeated because of ${reason}`,
    ),
    ...reasonsFor(decisions, 'failover').map(
      ({ reason, rate }) => `${perSecond(rate)} sent to another endpoint because of ${reason}`,
    ),
    ...reasonsFor(decisions, 'fallback').map(
      ({ reason, rate }) => `${perSecond(rate)} answered with a fallback value because of ${reason}`,
    ),
  ];
}

function passing({
  target,
  endpoints,
  ejected,
  halfOpen,
  leaving,
  open,
  decisions,
  attempts,
}: EdgeFacts): string[] {
  const hedges = rateOf(decisions, 'hedge');
  const won = rateOf(decisions, 'hedge-won');
  const opened = rateOf(decisions, 'breaker', 'open');
  const answers = attempts.filter(({ name }) => name !== 'none');
  const http = answers.find(({ name }) => name === 'http')?.count ?? 0;
  const onlyHttp = answers.every(({ name }) => name === 'http') && http >= enoughAnswers;
  return [
    ...(ejected > 0
      ? [`${ejected} of ${endpoints} endpoints of ${target} ejected: much slower than the others`]
      : []),
    ...(halfOpen > 0
      ? [`breaker half-open on ${halfOpen} of ${endpoints} endpoints of ${target}: a probe runs`]
      : []),
    ...(opened > 0 && open === 0 && halfOpen === 0 ? ['a breaker was open, and is closed again'] : []),
    ...(hedges > 0
      ? [
          `${perSecond(hedges)} sent twice, because the first answer was late; the second came first for ${perSecond(won, '')}`,
        ]
      : []),
    ...(leaving > 0 ? [`${leaving} of ${endpoints} endpoints of ${target} are stopping`] : []),
    ...(onlyHttp
      ? [`all answers of ${target} come over HTTP: something in front of it may refuse WebSockets`]
      : []),
  ];
}

function reasonsFor(decisions: EdgeFacts['decisions'], decision: string): { reason: string; rate: number }[] {
  return decisions.flatMap(({ name, rate }) => {
    const [made, reason = ''] = name.split(' ');
    return made === decision ? [{ reason, rate }] : [];
  });
}

function rateOf(decisions: EdgeFacts['decisions'], decision: string, reason?: string): number {
  return reasonsFor(decisions, decision)
    .filter((one) => reason === undefined || one.reason === reason)
    .reduce((sum, { rate }) => sum + rate, 0);
}

function perSecond(rate: number, what = 'calls'): string {
  const figure = rate >= 9.95 ? Math.round(rate) : Number(rate.toPrecision(2));
  return what === '' ? `${figure}/s` : `${figure} ${what}/s`;
}

function percent(of: number): string {
  const value = of * 100;
  return `${value >= 9.95 ? Math.round(value) : Number(value.toPrecision(2))} %`;
}
