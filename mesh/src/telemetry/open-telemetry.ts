import type { ExportOptions } from './otlp/start-export.ts';

export type TelemetryOptions = Omit<ExportOptions, 'endpoint'> & {
  /** Receiver of OTLP over HTTP, such as `http://localhost:4318`; `/v1/traces` and `/v1/logs` are added. @default none: off */
  endpoint?: string | undefined;
};

/**
 * Sends the traces and the log lines of this process to a receiver of OpenTelemetry's protocol until it is disposed of,
 * which sends what is left, for up to 3 s. Calls, statements and log lines never wait for the receiver: what it does not
 * take is dropped and counted in `mesh_telemetry_dropped_total`.
 *
 * What sends them is loaded only here.
 *
 * @example
 * await using telemetry = await openTelemetry({ service: 'shop', version: '1.0.0', endpoint: 'http://localhost:4318', log });
 */
export async function openTelemetry(options: TelemetryOptions): Promise<AsyncDisposable> {
  const { endpoint } = options;
  if (endpoint === undefined) return { [Symbol.asyncDispose]: async () => {} };
  const { startExport } = await import('./otlp/start-export.ts');
  return startExport({ ...options, endpoint });
}
