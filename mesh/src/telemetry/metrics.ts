import { collectDefaultMetrics, Counter, Gauge, Histogram, register } from 'prom-client';

/** From 1 ms to 10 s, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Labels must have few values, such as names from a contract, never ids. */
interface MetricOptions<Label extends string> {
  name: string;
  help: string;
  labels: readonly Label[];
}

/** Registers a histogram of durations in seconds; once per name and process. */
export function durations<Label extends string>({
  name,
  help,
  labels,
}: MetricOptions<Label>): Histogram<Label> {
  return new Histogram({ name, help, labelNames: labels, buckets });
}

/** Registers a counter; once per name and process. */
export function counter<Label extends string>({ name, help, labels }: MetricOptions<Label>): Counter<Label> {
  return new Counter({ name, help, labelNames: labels });
}

/**
 * Registers a gauge whose values are collected when metrics are read; once per name and process.
 *
 * @param collect Sets all current values.
 */
export function gauge<Label extends string>(
  { name, help, labels }: MetricOptions<Label>,
  collect: (set: (labels: Readonly<Record<Label, string>>, value: number) => void) => void,
): Gauge<Label> {
  return new Gauge({
    name,
    help,
    labelNames: labels,
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

/** Adds metrics of the process: memory, event loop, garbage collection. */
export function measureProcess(): void {
  collectDefaultMetrics();
}

/** All metrics of this process, in the Prometheus text format. */
export async function exposition(): Promise<{ text: string; contentType: string }> {
  return { text: await register.metrics(), contentType: register.contentType };
}
