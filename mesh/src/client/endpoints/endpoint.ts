import {
  Breaker,
  LatencyAverage,
  type BreakerOptions,
  type Candidate,
  type Permit,
  type Watched,
} from '../../resilience/index.ts';
import type { EndpointState } from '../../telemetry/index.ts';
import { errorCodes, type ErrorCode } from '../../wire/index.ts';
import type { Clock } from '../clock.ts';
import type { Decide } from '../decisions.ts';
import type { Address } from './resolve.ts';
import type { Transport } from '../transports/transport.ts';

/** How an attempt at an endpoint failed. */
export interface Failure {
  readonly code: ErrorCode;
  /** Whether the server answered, with whatever. */
  readonly answered: boolean;
  /** Whether the server says that it did nothing with the call: it is there, and has no time or place for it. */
  readonly refused: boolean;
  /** Whether nobody was reached there, or only a process that takes no calls yet. */
  readonly absent: boolean;
  /** Whether the caller had much less time than the procedure may take. */
  readonly hurried: boolean;
  /** In milliseconds. */
  readonly durationMs: number;
}

interface EndpointParts {
  transport: Transport;
  breaker: BreakerOptions | undefined;
  clock: Clock;
  decide: Decide;
}

/** One place where a service answers, and what this process has learnt of it. */
export class Endpoint implements Candidate {
  readonly address: Address;
  readonly transport: Transport;
  readonly breaker: Breaker;
  readonly latency: LatencyAverage;
  /** Where it is one of several. */
  outlier: Watched<Endpoint> | undefined;
  /** Attempts under way. */
  inFlight = 0;
  readonly #closed = Promise.withResolvers<void>();
  #retired = false;

  constructor(address: Address, { transport, breaker, clock, decide }: EndpointParts) {
    this.address = address;
    this.transport = transport;
    this.latency = new LatencyAverage({ now: clock.now });
    const endpoint = this.name;
    this.breaker = new Breaker({
      now: clock.now,
      ...breaker,
      onChange: (reason) => decide({ decision: 'breaker', reason, endpoint }),
    });
  }

  get url(): string {
    return this.address.url;
  }

  /** The same for people: which one of those that share the URL. */
  get name(): string {
    const { url, ip } = this.address;
    return ip === undefined ? url : `${url} at ${ip}`;
  }

  /** Whether it looks healthy, or may be asked whether it is. */
  get usable(): boolean {
    return this.breaker.retryAfterMs === 0 && !this.outlier?.ejected && !this.transport.leaving;
  }

  /** How long a call would take here, roughly, in milliseconds; one that failed before is asked first when it may be. */
  get cost(): number {
    return this.breaker.state === 'closed' ? this.latency.cost(this.inFlight) : 0;
  }

  begin(): void {
    this.inFlight += 1;
  }

  /** It is chosen no more: closes its connections when the last attempt under way is over, and resolves then. */
  retire(): Promise<void> {
    this.outlier?.remove();
    this.#retired = true;
    if (this.inFlight === 0) void this.close();
    return this.#closed.promise;
  }

  /** Closes its connections, whatever is under way. */
  async close(): Promise<void> {
    await this.transport.close();
    this.#closed.resolve();
  }

  /** Tells, once for each that was begun, what an attempt came to. @param durationMs In milliseconds. */
  succeeded(permit: Permit, durationMs: number): void {
    this.#over();
    permit.success();
    this.latency.observe(durationMs);
    this.outlier?.answered();
  }

  failed(permit: Permit, failure: Failure): void {
    this.#over();
    const verdict = verdictOn(failure);
    if (verdict === 'works') {
      permit.success();
      this.latency.observe(failure.durationMs);
      this.outlier?.answered();
    } else if (verdict === 'broken') {
      permit.failure();
      // What ends without an answer is not slow: taken for that, it would not be asked until its breaker opens, and probes.
      if (failure.answered || failure.code === 'TIMEOUT') this.latency.penalise(failure.durationMs);
    } else if (verdict === 'absent') {
      permit.failure();
    } else {
      permit.ignore();
      if (verdict === 'busy') this.latency.penalise(failure.durationMs);
    }
  }

  /** Another endpoint answered before; it would have taken at least so long, in milliseconds. */
  outrun(permit: Permit, durationMs: number): void {
    this.#over();
    permit.ignore();
    // How long it would have taken nobody knows; taken for that, it would look the better the sooner it is outrun.
    this.latency.penalise(durationMs);
  }

  #over(): void {
    this.inFlight -= 1;
    if (this.#retired && this.inFlight === 0) void this.close();
  }

  state(): EndpointState {
    const { url, ip } = this.address;
    return {
      url,
      ip: ip ?? null,
      breaker: this.breaker.state,
      ejected: this.outlier?.ejected ?? false,
      leaving: this.transport.leaving,
      in_flight: this.inFlight,
      latency_ms: Math.round(this.latency.value() * 100) / 100,
    };
  }
}

type Verdict = 'works' | 'broken' | 'absent' | 'busy' | 'unknown';

/**
 * What a failure says of the server. Only what it failed at counts against it:
 * a refusal that the caller deserved shows that it works; what the caller itself
 * cut short, or what never left, shows nothing; one that is not there is not
 * compared with those that are; and one that has too much to do, or is too slow
 * for a caller in a hurry, is asked less, but not left alone.
 */
function verdictOn({ code, answered, refused, absent, hurried }: Failure): Verdict {
  if (absent) return 'absent';
  if (refused || (code === 'TIMEOUT' && hurried)) return 'busy';
  const { blames } = errorCodes[code];
  if (blames === 'endpoint') return 'broken';
  return blames === 'caller' && answered ? 'works' : 'unknown';
}
