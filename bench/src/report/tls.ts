import type { TlsFigures, TlsPlan } from '../tls/measure.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

export interface TlsReport extends TlsFigures {
  readonly environment: Environment;
  readonly plan: TlsPlan;
  /** Processes that were running or waiting for a core in the last 15 minutes, before and after: the two of the benchmark included. */
  readonly load: readonly [number, number];
}

/** The cost of TLS as Markdown. */
export function tlsMarkdown({ environment, plan, load, calls, connections }: TlsReport): string {
  const [before, after] = load.map((value) => value.toFixed(1));
  return [
    '# What TLS costs',
    '',
    ...environmentLines(environment),
    `- load of the machine (average of 15 minutes) ${before} before and ${after} after: the ratios count more than the figures`,
    `- TLS 1.3, certificates with ECDSA P-256. ${plan.starts} starts of all processes, each with ${plan.rounds} rounds in which every mode takes its turn; medians of all rounds, and of the ratios within a round. CPU of client and server together`,
    '',
    'A call on a kept connection:',
    '',
    ...table(
      ['transport', 'in flight', 'body', 'mode', 'calls/s', 'CPU µs a call', '/ plain'],
      calls.map(({ transport, inFlight, bodyBytes, mode, callsPerSecond, cpuUs, ratio }) => [
        transport,
        String(inFlight),
        `${bodyBytes} B`,
        mode,
        Math.round(callsPerSecond).toLocaleString('en'),
        figure(cpuUs),
        `${ratio.toFixed(3)}×`,
      ]),
    ),
    '',
    `A new client with its connection and first call, of ${plan.connections} one after another:`,
    '',
    ...table(
      ['transport', 'mode', 'CPU µs', '/ plain'],
      connections.map(({ transport, mode, cpuUs, ratio }) => [
        transport,
        mode,
        figure(cpuUs),
        `${ratio.toFixed(3)}×`,
      ]),
    ),
    '',
  ].join('\n');
}
