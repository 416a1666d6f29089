import { bucketBounds, type HistogramMeter, type Meter, type SeriesName } from '@arcadium/mesh/exposition';
import type { EdgeRecord } from './edge-record.ts';
import type { Tally } from '../metrics/timeline.ts';
import type { ProcessRecord } from './process-record.ts';
import type { ServiceRecord } from './service-record.ts';

/** The series of one process, and the records that they count for. */
export interface MeterPlaces {
  readonly service: ServiceRecord;
  readonly process: ProcessRecord;
  /** The edge from the service to a target; `undefined` for an unusable name, or one too many. */
  edgeTo: (target: string) => EdgeRecord | undefined;
  /** The edge to the service, by the label `caller`. */
  edgeFrom: (caller: string) => EdgeRecord | undefined;
}

const lastBucket = bucketBounds.length - 1;

/** The uses of the series of a process. */
export class Meters {
  readonly #places: MeterPlaces;
  /** The histogram that the last series was of: its buckets follow one another. */
  #last: { readonly labels: string; readonly histogram: HistogramMeter } | undefined;

  constructor(places: MeterPlaces) {
    this.#places = places;
  }

  /** The use of a series; `undefined` if the dashboard does not need it. */
  of({ name, labels }: SeriesName): Meter | undefined {
    const { target = '' } = labels;
    switch (name) {
      case 'mesh_server_call_seconds_bucket':
        return this.#bucket(
          labels,
          ['answered', labels['procedure'], labels['caller'], labels['code']],
          answered,
        );
      case 'mesh_client_call_seconds_bucket':
        return this.#bucket(labels, ['made', target, labels['procedure'], labels['code']], made);
      case 'mesh_client_attempts_total':
        return counter(this.#places.edgeTo(target)?.attempts.of(labels['transport'] ?? ''));
      case 'mesh_client_decisions_total': {
        const { decision = '', reason = '' } = labels;
        return counter(this.#places.edgeTo(target)?.decisions.of(`${decision} ${reason}`.trim()));
      }
      default:
        return this.#places.process.meterOf(name, labels);
    }
  }

  #bucket(
    { le = '', ...labels }: SeriesName['labels'],
    by: readonly (string | undefined)[],
    histogramOf: (labels: SeriesName['labels'], places: MeterPlaces) => HistogramMeter | undefined,
  ): Meter | undefined {
    const bucket = bucketBounds.indexOf(le === '+Inf' ? Infinity : Number(le));
    if (bucket === -1) return undefined;
    const key = JSON.stringify(by);
    if (this.#last?.labels !== key) {
      const histogram = histogramOf(labels, this.#places);
      if (!histogram) return undefined;
      this.#last = { labels: key, histogram };
    }
    return { kind: 'bucket', bucket, histogram: this.#last.histogram };
  }
}

function made(
  { target = '', code = '' }: SeriesName['labels'],
  places: MeterPlaces,
): HistogramMeter | undefined {
  const edge = places.edgeTo(target);
  if (!edge) return undefined;
  const traffic = edge.byCaller;
  return {
    add(bucket, more) {
      edge.told = true;
      traffic.add(bucket, more, code);
    },
  };
}

function answered(labels: SeriesName['labels'], { service, edgeFrom }: MeterPlaces): HistogramMeter {
  const { procedure: path = '', caller = '', code = '' } = labels;
  const procedure = service.procedure(path);
  const callers = procedure?.callers.of(caller);
  const edge = edgeFrom(caller);
  const inbound = edge?.byTarget;
  return {
    add(bucket, more) {
      service.traffic.add(bucket, more, code);
      procedure?.traffic.add(bucket, more, code);
      inbound?.add(bucket, more, code);
      if (edge) edge.told = true;
      if (bucket === lastBucket) callers?.add(more);
    },
  };
}

function counter(tally: Tally | undefined): Meter | undefined {
  return tally && { kind: 'counter', add: (more) => tally.add(more) };
}
