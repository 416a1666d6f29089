import type { TlsPlan, TlsRow } from '../tls/measure.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

export interface TlsReport {
  readonly environment: Environment;
  readonly plan: TlsPlan;
  readonly rows: readonly TlsRow[];
}

/** The cost of TLS as Markdown. */
export function tlsMarkdown({ environment, plan, rows }: TlsReport): string {
  return [
    '# What TLS costs',
    '',
    ...environmentLines(environment),
    `- TLS 1.3, certificates with ECDSA P-256; 64 calls in flight on kept connections. Medians of ${plan.starts} starts of all processes, each with ${plan.rounds} rounds of ${plan.calls} calls in which every mode takes its turn`,
    '',
    ...table(
      ['transport', 'body', 'mode', 'calls/s', 'CPU µs a call', '/ plain'],
      rows.map(({ transport, bodyBytes, mode, callsPerSecond, cpuUs, ratio }) => [
        transport,
        `${bodyBytes} B`,
        mode,
        Math.round(callsPerSecond).toLocaleString('en'),
        figure(cpuUs),
        `${ratio.toFixed(3)}×`,
      ]),
    ),
    '',
  ].join('\n');
}
