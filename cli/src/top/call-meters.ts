import {
  bucketBounds,
  ProcessCounters,
  type HistogramMeter,
  type Meter,
  type ReadAt,
  type SeriesName,
} from '@arcadium/mesh/exposition';
import { breakers, figuresOf, type Breaker, type CallCounts, type CallFigures } from './call-figures.ts';

interface Row {
  readonly service: string;
  readonly procedure: string;
  readonly caller: string;
  counts: CallCounts;
}

/** What one caller's clients did in the interval, by target and procedure. */
interface Sent {
  attempts: number;
  calls: number;
}

/** A process, and the worst breaker of its endpoints of each target. */
interface Process {
  readonly service: string;
  readonly breakers: Map<string, Breaker>;
}

/** The calls of a mesh between two readings of the `/metrics` of its processes. */
export class CallMeters {
  readonly #rows = new Map<string, Row>();
  readonly #sent = new Map<string, Sent>();
  readonly #processes: Process[] = [];

  /**
   * Adds a process of a service.
   *
   * @returns Reads the text of its `/metrics`. @throws of that: ExpositionError
   */
  processOf(service: string): (text: string, at: ReadAt) => void {
    const process: Process = { service, breakers: new Map() };
    this.#processes.push(process);
    const counters = new ProcessCounters((series) => this.#meterOf(series, process));
    return (text, at) => {
      // A state that no endpoint has any more is not in the text.
      process.breakers.clear();
      counters.read(text, at);
    };
  }

  /** The figures of the interval, busiest first; the next interval begins. @param seconds That it took. */
  take(seconds: number): CallFigures[] {
    const figures = [...this.#rows.values()].flatMap(({ service, procedure, caller, counts }) => {
      const found = figuresOf(counts, seconds);
      if (!found) return [];
      const sent = this.#sent.get(keyOf(caller, service, procedure));
      const retries = sent ? Math.max(0, sent.attempts - sent.calls) / seconds : null;
      return [{ service, procedure, caller, ...found, retries, breaker: this.#breakerOf(caller, service) }];
    });
    for (const row of this.#rows.values()) row.counts = noCounts();
    for (const sent of this.#sent.values()) sent.attempts = sent.calls = 0;
    return figures;
  }

  #breakerOf(caller: string, target: string): Breaker | null {
    const known = this.#processes.flatMap(({ service, breakers: of }) => {
      const breaker = service === caller ? of.get(target) : undefined;
      return breaker === undefined ? [] : [breaker];
    });
    return known.length === 0 ? null : (breakers.findLast((breaker) => known.includes(breaker)) ?? null);
  }

  #meterOf({ name, labels }: SeriesName, process: Process): Meter | undefined {
    const { service } = process;
    const { procedure = '', target = '' } = labels;
    switch (name) {
      case 'mesh_server_call_seconds_bucket':
        return this.#bucket(service, labels);
      case 'mesh_client_attempts_total':
        return this.#count(keyOf(service, target, procedure), 'attempts');
      case 'mesh_client_call_seconds_count':
        return this.#count(keyOf(service, target, procedure), 'calls');
      case 'mesh_client_endpoints':
        return endpointGauge(process, target, labels['state']);
      default:
        return undefined;
    }
  }

  #bucket(service: string, { procedure = '', caller = '', code = '', le }: SeriesName['labels']) {
    const bucket = bucketBounds.indexOf(le === '+Inf' ? Infinity : Number(le));
    if (bucket === -1) return undefined;
    const row = this.#rowOf(service, procedure, caller);
    const histogram: HistogramMeter = {
      add(at, more) {
        const { upTo, byCode } = row.counts;
        upTo[at] = (upTo[at] ?? 0) + more;
        if (at === bucketBounds.length - 1) byCode.set(code, (byCode.get(code) ?? 0) + more);
      },
    };
    return { kind: 'bucket', bucket, histogram } as const;
  }

  #rowOf(service: string, procedure: string, caller: string): Row {
    const key = keyOf(service, procedure, caller);
    const row = this.#rows.get(key) ?? { service, procedure, caller, counts: noCounts() };
    this.#rows.set(key, row);
    return row;
  }

  #count(key: string, what: keyof Sent): Meter {
    const sent = this.#sent.get(key) ?? { attempts: 0, calls: 0 };
    this.#sent.set(key, sent);
    return { kind: 'counter', add: (more) => void (sent[what] += more) };
  }
}

/** The state of some endpoints; one that is ejected or leaving has a closed breaker. */
function endpointGauge({ breakers: of }: Process, target: string, state = ''): Meter {
  const breaker = breakers.find((one) => one === state) ?? 'closed';
  return {
    kind: 'gauge',
    set(count) {
      const worst = breakers.indexOf(of.get(target) ?? 'closed');
      if (count > 0) of.set(target, breakers[Math.max(worst, breakers.indexOf(breaker))] ?? breaker);
    },
  };
}

function noCounts(): CallCounts {
  return { upTo: bucketBounds.map(() => 0), byCode: new Map() };
}

function keyOf(...parts: readonly string[]): string {
  return parts.join(' ');
}
