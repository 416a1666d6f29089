import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from 'prom-client';
import type { Exemplar, Sample } from './open-metrics.ts';

/**
 * The metrics of this mesh. Not prom-client's own registry, which belongs to the application: there, names would collide
 * with its metrics, and with those of another version of the mesh in the same process.
 */
export const registry = new Registry();

/** From 1 ms to 10 s, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Labels must have few values, such as names from a contract, never ids. */
interface MetricOptions<Label extends string> {
  name: string;
  help: string;
  labels: readonly Label[];
}

/**
 * A metric by its labels. prom-client's own looks its labels up by a text at
 * each observation, bound or not.
 */
interface Bindable<Label extends string, Bound> {
  /** Returns the same object for the same values: ask once, and keep it (`remember`). */
  labels(values: Readonly<Record<Label, string>>): Bound;
}

/** The observations with the same labels. */
class Observed {
  /** Observations in each bucket, and above the last. */
  readonly counts = Array.from({ length: buckets.length + 1 }, () => 0);
  /** The last sampled observation of each bucket. */
  readonly exemplars: (Exemplar | undefined)[] = [];
  sum = 0;

  /** @param traceId Trace of the observation, if it is sampled: it becomes the exemplar of its bucket. */
  observe(seconds: number, traceId?: string): void {
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += seconds;
    if (traceId !== undefined)
      this.exemplars[bucket] = {
        labelSet: { trace_id: traceId },
        value: seconds,
        timestamp: Date.now() / 1000,
      };
  }
}

/**
 * Registers a histogram of durations in seconds; once per name and process.
 *
 * @example
 * const seconds = durations({ name: 'shop_checkout_seconds', help: 'Duration of a checkout', labels: ['method'] });
 * seconds.labels({ method: 'card' }).observe(0.2);
 */
export function durations<Label extends string>({
  name,
  help,
  labels: names,
}: MetricOptions<Label>): Bindable<Label, Observed> {
  const series = new Series<Label, Observed>(names, () => new Observed());
  const values = () =>
    series.all().flatMap(([labels, { counts, exemplars, sum }]) => {
      let count = 0;
      const upTo: Sample[] = counts.map((more, bucket) => ({
        metricName: `${name}_bucket`,
        labels: { le: buckets[bucket] ?? '+Inf', ...labels },
        value: (count += more),
        exemplar: exemplars[bucket],
      }));
      return upTo.concat(
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      );
    });
  expose({ name, help, type: 'histogram' }, values);
  return series;
}

/** The count of events with the same labels. */
class Tally {
  count = 0;

  inc(): void {
    this.count += 1;
  }
}

/** Registers a counter of events that each call causes; once per name and process. */
export function tally<Label extends string>({
  name,
  help,
  labels: names,
}: MetricOptions<Label>): Bindable<Label, Tally> {
  const series = new Series<Label, Tally>(names, () => new Tally());
  const values = () => series.all().map(([labels, { count: value }]) => ({ labels, value }));
  expose({ name, help, type: 'counter' }, values);
  return series;
}

/** Adds a metric to the registry, which reads only its name and `get`. */
function expose(
  about: Readonly<{ name: string; help: string; type: 'counter' | 'histogram' }>,
  values: () => readonly Sample[],
): void {
  const metric = { name: about.name, get: async () => ({ ...about, aggregator: 'sum', values: values() }) };
  registry.registerMetric(metric as unknown as Metric);
}

/** The values of a metric, one for each combination of labels. */
class Series<Label extends string, Bound> implements Bindable<Label, Bound> {
  readonly #names: readonly Label[];
  readonly #make: () => Bound;
  readonly #byValues = new Map<string, readonly [Readonly<Record<Label, string>>, Bound]>();

  constructor(names: readonly Label[], make: () => Bound) {
    this.#names = names;
    this.#make = make;
  }

  labels(values: Readonly<Record<Label, string>>): Bound {
    const key = JSON.stringify(this.#names.map((name) => values[name]));
    const found = this.#byValues.get(key) ?? ([values, this.#make()] as const);
    this.#byValues.set(key, found);
    return found[1];
  }

  all(): (readonly [Readonly<Record<Label, string>>, Bound])[] {
    return [...this.#byValues.values()];
  }
}

/**
 * Registers a counter; once per name and process.
 *
 * @example
 * const orders = counter({ name: 'shop_orders_total', help: 'Orders, by outcome', labels: ['outcome'] });
 * orders.inc({ outcome: 'paid' });
 */
export function counter<Label extends string>({ name, help, labels }: MetricOptions<Label>): Counter<Label> {
  return new Counter({ name, help, labelNames: labels, registers: [registry] });
}

/**
 * Registers a gauge whose values are collected when metrics are read; once per name and process.
 *
 * @param collect Sets all current values.
 *
 * @example
 * const waiting = new Map([['mail', 3]]);
 * gauge({ name: 'shop_waiting', help: 'Messages that wait', labels: ['queue'] }, (set) => {
 *   for (const [queue, count] of waiting) set({ queue }, count);
 * });
 */
export function gauge<Label extends string>(
  { name, help, labels }: MetricOptions<Label>,
  collect: (set: (labels: Readonly<Record<Label, string>>, value: number) => void) => void,
): Gauge<Label> {
  return new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset();
      collect((of, value) => this.set(of, value));
    },
  });
}

/** Caches the results of a function of a name: binding labels to a metric costs more than observing a value. */
export function remember<Bound>(bind: (name: string) => Bound): (name: string) => Bound {
  const bound = new Map<string, Bound>();
  return (name) => {
    let found = bound.get(name);
    if (found === undefined) {
      found = bind(name);
      bound.set(name, found);
    }
    return found;
  };
}

/**
 * Adds metrics of the process: memory, event loop, garbage collection.
 *
 * @example
 * measureProcess();
 */
export function measureProcess(): void {
  collectDefaultMetrics({ register: registry });
  // Gauges in spite of `_total`, which OpenMetrics keeps for counters; the metrics without it have the same by type.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
}
