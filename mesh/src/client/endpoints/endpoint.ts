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

export interface Failure {
  readonly code: ErrorCode;
  /** Whether any answer came. */
  readonly answered: boolean;
  /** Whether the server says that it did not start the call, for lack of capacity. */
  readonly refused: boolean;
  /** Whether no process was reached, or only one that is starting. */
  readonly absent: boolean;
  /** Whether the caller allowed much less than the timeout of the procedure. */
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

/** One endpoint of a service, and what this process knows about it. */
export class Endpoint implements Candidate {
  readonly address: Address;
  readonly transport: Transport;
  readonly breaker: Breaker;
  readonly latency: LatencyAverage;
  /** Set if the service has several endpoints. */
  outlier: Watched<Endpoint> | undefined;
  /** Attempts in progress. */
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

  /** Name for logs; tells endpoints with the same URL apart. */
  get name(): string {
    return nameOf(this.address);
  }

  /** Whether it looks healthy or is due for a probe. */
  get usable(): boolean {
    return this.breaker.retryAfterMs === 0 && !this.outlier?.ejected && !this.transport.leaving;
  }

  /** Estimated duration of a call, in milliseconds; 0 if it is due for a probe. */
  get cost(): number {
    return this.breaker.state === 'closed' ? this.latency.cost(this.inFlight) : 0;
  }

  begin(): void {
    this.inFlight += 1;
  }

  /** Closes its connections when the last attempt has ended, and resolves then. */
  retire(): Promise<void> {
    this.outlier?.remove();
    this.#retired = true;
    if (this.inFlight === 0) void this.close();
    return this.#closed.promise;
  }

  /** Closes its connections at once. */
  async close(): Promise<void> {
    await this.transport.close();
    this.#closed.resolve();
  }

  /** Records the end of an attempt, as do `failed` and `outrun`: one of them for each `begin`. */
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
      // A connection error is not latency; as latency it would keep calls away until the breaker opens.
      if (failure.answered || failure.code === 'TIMEOUT') this.latency.penalise(failure.durationMs);
    } else if (verdict === 'absent') {
      permit.failure();
    } else {
      permit.ignore();
      if (verdict === 'busy') this.latency.penalise(failure.durationMs);
    }
  }

  /** Another endpoint answered first, after `durationMs` here. */
  outrun(permit: Permit, durationMs: number): void {
    this.#over();
    permit.ignore();
    // Not an observation: the endpoint would look the faster, the sooner it is outrun.
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
      contract: this.transport.contract ?? null,
      in_flight: this.inFlight,
      latency_ms: Math.round(this.latency.value() * 100) / 100,
    };
  }
}

/** Name of an endpoint; tells those with the same URL apart. */
export function nameOf({ url, ip }: Address): string {
  return ip === undefined ? url : `${url} at ${ip}`;
}

type Verdict = 'works' | 'broken' | 'absent' | 'busy' | 'unknown';

/**
 * What a failure says about the server. Only its own failures count against it. A refusal that the caller caused
 * shows that it works; a call that was cancelled or never sent shows nothing. An absent endpoint gets no latency. A
 * busy one, or one too slow for a hurried caller, gets fewer calls, but its breaker stays closed.
 */
function verdictOn({ code, answered, refused, absent, hurried }: Failure): Verdict {
  if (absent) return 'absent';
  if (refused || (code === 'TIMEOUT' && hurried)) return 'busy';
  const { blames } = errorCodes[code];
  if (blames === 'endpoint') return 'broken';
  return blames === 'caller' && answered ? 'works' : 'unknown';
}
