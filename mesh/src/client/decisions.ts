import { counter, Outage, remember, tell, type ClientDecision, type Logger } from '../telemetry/index.ts';

/** Reports a decision; attempts are reported separately, because there are many. */
export type Decide = (decision: Exclude<ClientDecision, { decision: 'attempt' }>) => void;

const decisionsTotal = counter({
  name: 'mesh_client_decisions_total',
  help: 'Decisions of the clients in this process (retry, failover, hedge, breaker …), by target and reason',
  labels: ['target', 'decision', 'reason'],
});

/** Counts, publishes and logs decisions about calls to a target. */
export function createDecide(target: string, log: Logger): Decide {
  const outageOf = remember(() => new Outage(log));
  return (made) => {
    countDecision(target, made);
    if (made.decision === 'breaker') logBreaker(made, target, { log, outage: outageOf(made.endpoint) });
    else logDecision(made, target, log);
  };
}

/** Counts and publishes a decision. */
export function countDecision(target: string, made: Parameters<Decide>[0]): void {
  const reason = 'reason' in made ? made.reason : '';
  decisionsTotal.labels({ target, decision: made.decision, reason }).inc();
  tell({ side: 'client', target, ...made });
}

type Made<Name extends ClientDecision['decision']> = Extract<ClientDecision, { decision: Name }>;

/** Probes between the opening and the recovery are debug lines. */
function logBreaker(
  { endpoint, reason }: Made<'breaker'>,
  target: string,
  { log, outage }: { log: Logger; outage: Outage },
): void {
  const fields = { target, endpoint, breaker: reason };
  if (reason === 'open')
    outage.begin(
      fields,
      `an endpoint of ${target} keeps failing and its breaker is open: calls go to other endpoints, or are refused, until it recovers`,
    );
  else if (reason === 'closed') outage.end(fields, `${target} is back`);
  else log.debug(fields, `${target} is tried again`);
}

/** Logs changes that affect all calls; failed calls log themselves. */
function logDecision(
  made: Exclude<Parameters<Decide>[0], Made<'breaker'>>,
  target: string,
  log: Logger,
): void {
  switch (made.decision) {
    case 'ejected':
      log.warn(
        { target, endpoint: made.endpoint, reason: made.reason },
        `an endpoint of ${target} is much slower than the others and is ejected`,
      );
      break;
    case 'returned':
      log.info({ target, endpoint: made.endpoint }, `an ejected endpoint of ${target} is in use again`);
      break;
    case 'failover':
      log.debug(
        { target, endpoint: made.endpoint, code: made.reason, procedure: made.procedure },
        `an endpoint of ${target} did not start a call; the call goes to another endpoint`,
      );
      break;
    case 'resolved':
      log.info({ target, endpoints: made.endpoints }, `the endpoints of ${target} have changed`);
      break;
    case 'retry':
    case 'no-retry':
    case 'hedge':
    case 'hedge-won':
    case 'refused':
    case 'deadline-passed':
    case 'fallback':
      break;
  }
}
