import { registry } from './metrics.ts';
import { openMetrics, openMetricsType, type MetricSamples } from './open-metrics.ts';

/** Formats of {@link exposition}. */
export type MetricsFormat = 'prometheus' | 'openmetrics';

/**
 * All metrics of this process.
 *
 * @param format Only OpenMetrics has exemplars. @default 'prometheus', the text format 0.0.4
 *
 * @example
 * const { text, contentType } = await exposition();
 */
export async function exposition(
  format: MetricsFormat = 'prometheus',
): Promise<{ text: string; contentType: string }> {
  if (format === 'prometheus') return { text: await registry.metrics(), contentType: registry.contentType };
  // Its type leaves out the names of a histogram's lines.
  const metrics: readonly MetricSamples[] =
    (await registry.getMetricsAsJSON()) as object[] as MetricSamples[];
  return { text: openMetrics(metrics), contentType: openMetricsType };
}
