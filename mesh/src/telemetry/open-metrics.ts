/** A sampled observation that stands for the others of its bucket. */
export type Exemplar = Readonly<{
  labelSet: Labels;
  value: number;
  /** In seconds since 1970. */
  timestamp: number;
}>;

type Labels = Readonly<Record<string, string | number>>;

/** One line of a metric, as prom-client's `get()` returns it. */
export type Sample = Readonly<{
  /** @default the name of the metric */
  metricName?: string;
  labels?: Labels;
  value: number;
  exemplar?: Exemplar | null | undefined;
}>;

/** A metric, as prom-client's `get()` returns it. */
export type MetricSamples = Readonly<{
  name: string;
  help: string;
  type: string;
  values: readonly Sample[];
}>;

/** Media type of {@link openMetrics}. */
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * Metrics in the OpenMetrics text format, with exemplars. prom-client writes it for whole registries only, and renames
 * their counters for good.
 *
 * @see https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export function openMetrics(metrics: readonly MetricSamples[]): string {
  return `${metrics.map(textOf).join('')}# EOF\n`;
}

/** A counter is declared without the suffix that its samples have. */
function textOf({ name, help, type, values }: MetricSamples): string {
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  const own = type === 'counter' ? `${family}_total` : name;
  const lines = values.map(
    ({ metricName = own, labels = {}, value, exemplar }) =>
      `${metricName}${labelsOf(labels)} ${numberOf(value)}${exemplar ? exemplarOf(exemplar) : ''}\n`,
  );
  return `# HELP ${family} ${escape(help)}\n# TYPE ${family} ${type}\n${lines.join('')}`;
}

function exemplarOf({ labelSet, value, timestamp }: Exemplar): string {
  return ` # ${labelsOf(labelSet)} ${numberOf(value)} ${timestamp}`;
}

function labelsOf(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escape(String(value))}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function numberOf(value: number): string {
  return Math.abs(value) === Infinity ? `${value > 0 ? '+' : '-'}Inf` : String(value);
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '"': '\\"' };

function escape(text: string): string {
  return text.replaceAll(/[\\\n"]/g, (character) => escapes[character] ?? '');
}
