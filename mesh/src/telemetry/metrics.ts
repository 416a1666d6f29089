import { collectDefaultMetrics, Counter, Gauge, Histogram, register } from 'prom-client';

/** From 1 ms to 10 s, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a metric is called, and what it tells apart: few values each, as names out of a contract, never ids. */
interface MetricOptions<Label extends string> {
  name: string;
  help: string;
  labels: readonly Label[];
}

/** Makes a histogram of durations in this process, once for each name. */
export function durations<Label extends string>({
  name,
  help,
  labels,
}: MetricOptions<Label>): Histogram<Label> {
  return new Histogram({ name, help, labelNames: labels, buckets });
}

/** Makes a counter in this process, once for each name. */
export function counter<Label extends string>({ name, help, labels }: MetricOptions<Label>): Counter<Label> {
  return new Counter({ name, help, labelNames: labels });
}

/**
 * Makes a gauge in this process, once for each name; its values are looked up when somebody asks for them.
 *
 * @param collect Sets each value that there is now.
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

/** Remembers what a function makes of a name: binding labels to a metric costs more than to observe it. */
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

/** Also measures the process itself: memory, event loop, garbage collection. */
export function measureProcess(): void {
  collectDefaultMetrics();
}

/** All metrics of this process, as Prometheus reads them. */
export async function exposition(): Promise<{ text: string; contentType: string }> {
  return { text: await register.metrics(), contentType: register.contentType };
}
