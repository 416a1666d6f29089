import { z } from 'zod';
import { SettingFile, type SettingFileOptions } from './setting-file.ts';

/** `name=value` pairs, separated by commas; values are percent-encoded. */
const headers = z.string().transform((text, context): Record<string, string> => {
  const pairs = text.split(',').map((pair) => pair.trim());
  const read: Record<string, string> = {};
  for (const [index, pair] of pairs.entries()) {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*)$/.exec(pair) ?? [];
    try {
      // By its position: a value is often a key.
      if (name === '') throw new URIError();
      read[name.toLowerCase()] = decodeURIComponent(value);
    } catch {
      const message = `header ${index + 1} of ${pairs.length} must be name=value, percent-encoded`;
      context.addIssue({ code: 'custom', message });
    }
  }
  return read;
});

/**
 * Settings of traces and logs for a receiver of OpenTelemetry's protocol, with its standard names.
 *
 * @example
 * const config = readServiceConfig({ ...telemetryFields }, import.meta.dirname);
 * await using telemetry = await openTelemetry({ service: 'shop', version: '1.0.0', log, ...telemetrySettings(config, log) });
 */
export const telemetryFields = {
  /** Receiver of OTLP over HTTP. @default none: nothing is sent */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be http://host:port' })
    .refine((text) => !URL.parse(text)?.username, 'must be http://host:port, without a user')
    .optional(),
  /** Headers of each request, such as `authorization=Bearer%20key`. */
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  /** The file that they were read from; its changes are followed. */
  OTEL_EXPORTER_OTLP_HEADERS_FILE: z.string().optional(),
  /** Share of the traces that begin here which are recorded. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number('must be a number').min(0).max(1).default(1),
};

/**
 * Makes the options of `openTelemetry`. With `log`, the file of the headers is followed from now on, until the process ends.
 *
 * @example
 * const config = readServiceConfig({ ...telemetryFields }, import.meta.dirname);
 * await using telemetry = await openTelemetry({ service: 'shop', version: '1.0.0', log, ...telemetrySettings(config, log) });
 */
export function telemetrySettings(
  config: z.output<z.ZodObject<typeof telemetryFields>>,
  log?: SettingFileOptions<never>['log'],
) {
  let inForce = config.OTEL_EXPORTER_OTLP_HEADERS;
  if (log)
    new SettingFile({
      setting: 'OTEL_EXPORTER_OTLP_HEADERS',
      file: config.OTEL_EXPORTER_OTLP_HEADERS_FILE,
      schema: headers,
      value: inForce ?? {},
      log,
      use(changed) {
        inForce = changed;
      },
    }).start();
  return {
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    headers: () => inForce ?? {},
    traceShare: config.OTEL_TRACES_SAMPLER_ARG,
  };
}
