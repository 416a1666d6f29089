import type { BreakerState, LastAttemptReason, OutlierReason } from '../resilience/index.ts';
import { counter, remember, tell, type Logger } from '../telemetry/index.ts';
import type { ErrorCode } from '../wire/index.ts';

/** What a client decided about a call, or about an endpoint, and why. */
export type ClientDecision =
  /** An attempt failed and another is made after a wait, or none is. */
  | { decision: 'retry'; reason: ErrorCode; procedure: string; waitMs: number }
  | { decision: 'no-retry'; reason: LastAttemptReason; procedure: string }
  /** An endpoint certainly did nothing with an attempt, and it goes to another one at once. */
  | { decision: 'failover'; reason: ErrorCode; procedure: string; endpoint: string }
  /** A second attempt is made before the first has failed; and it was that one which answered. */
  | { decision: 'hedge' | 'hedge-won'; procedure: string; endpoint: string }
  /** The call was not made. */
  | { decision: 'refused'; reason: 'breaker' | 'bulkhead'; procedure: string }
  /** The deadline of the whole call passed. */
  | { decision: 'deadline-passed'; procedure: string }
  | { decision: 'breaker'; reason: BreakerState; endpoint: string }
  | { decision: 'ejected'; reason: OutlierReason; endpoint: string }
  | { decision: 'returned'; endpoint: string }
  /** The endpoints are others than before. */
  | { decision: 'resolved'; endpoints: readonly string[] };

/** Says what was decided. */
export type Decide = (decision: ClientDecision) => void;

const decisions = counter({
  name: 'mesh_client_decisions_total',
  help: 'What clients of this process decided about calls and endpoints (retry, failover, hedge, breaker …), by target and reason',
  labels: ['target', 'decision', 'reason'],
});

/** Counts each decision about calls to a target, tells those who listen, and logs what a person should know. */
export function createDecide(target: string, log: Logger): Decide {
  const countOf = remember((decision) =>
    remember((reason) => decisions.labels({ target, decision, reason })),
  );
  return (made) => {
    countOf(made.decision)('reason' in made ? made.reason : '').inc();
    tell({ side: 'client', target, ...made });
    logDecision(made, target, log);
  };
}

/** Calls log themselves when they fail; what changes for all calls is said here. */
function logDecision(made: ClientDecision, target: string, log: Logger): void {
  switch (made.decision) {
    case 'breaker': {
      const fields = { target, endpoint: made.endpoint, breaker: made.reason };
      // The first refusal and the recovery are for people to know; the probes in between are not.
      if (made.reason === 'open')
        log.warn(
          fields,
          `${target} keeps failing there: calls go elsewhere, or are refused, until it is back`,
        );
      else if (made.reason === 'closed') log.info(fields, `${target} is back`);
      else log.debug(fields, `${target} is tried again`);
      break;
    }
    case 'ejected':
      log.warn(
        { target, endpoint: made.endpoint, reason: made.reason },
        `an endpoint of ${target} does so much worse than the others that it is left out`,
      );
      break;
    case 'returned':
      log.info(
        { target, endpoint: made.endpoint },
        `an endpoint of ${target} that was left out is used again`,
      );
      break;
    case 'resolved':
      log.info({ target, endpoints: made.endpoints }, `the endpoints of ${target} have changed`);
      break;
    case 'retry':
    case 'no-retry':
    case 'failover':
    case 'hedge':
    case 'hedge-won':
    case 'refused':
    case 'deadline-passed':
      break;
  }
}
