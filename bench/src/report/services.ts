import type { ServicesPlan, ServicesRow, Side } from '../services/measure.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

export interface ServicesReport {
  readonly environment: Environment;
  readonly plan: ServicesPlan;
  readonly rows: readonly ServicesRow[];
}

const header = [
  '',
  'pages',
  'mesh calls/s',
  'bare calls/s',
  'mesh / bare',
  'mesh p50 ms',
  'time / first',
  'mesh µs: caller, service, PostgreSQL',
  'bare µs: caller, PostgreSQL',
];

/** Writes what procedures of the services cost beside the same SQL alone as Markdown. */
export function servicesMarkdown({ environment, plan, rows }: ServicesReport): string {
  return [
    '# What a service costs beside the same SQL alone',
    '',
    ...environmentLines(environment),
    `- medians of ${plan.rounds} rounds of ${plan.measureMs} ms; 16 callers, of costly reads 2; 10 connections; "time / first": the time of one call, where that with ${plan.sizes[0]?.toLocaleString('en')} pages is 1`,
    '',
    ...table(header, rows.map(cells)),
    '',
  ].join('\n');
}

function cells({ name, size, mesh, bare, speed, growth }: ServicesRow): string[] {
  return [
    name,
    size?.toLocaleString('en') ?? '–',
    figure(mesh.callsPerSecond),
    figure(bare.callsPerSecond),
    `${figure(speed)}×`,
    figure(mesh.p50),
    `${figure(growth)}×`,
    micros(mesh, 'callerUs', 'serviceUs', 'postgresUs'),
    micros(bare, 'callerUs', 'postgresUs'),
  ];
}

function micros(side: Side, ...fields: readonly (keyof Side)[]): string {
  return fields.map((field) => figure(Math.round(side[field]))).join(', ');
}
