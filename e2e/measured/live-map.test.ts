import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { expect, test } from 'vitest';
import type { Check, Round, Target } from '../../services/dashboard/src/domain/round.ts';
import { LiveStatus } from '../../services/dashboard/src/domain/live-status.ts';
import { ServiceContracts } from '../../services/dashboard/src/jobs/service-contracts.ts';
import { createMeshViews } from '../../services/dashboard/src/mesh-views.ts';

// What the live map costs the dashboard: 100 services that call three others each, every two seconds.

const services = 100;
const edgesEach = 3;
const intervalMs = 2000;
const rounds = 150;
const warmUp = 20;
const bounds = [
  '0.001',
  '0.0025',
  '0.005',
  '0.01',
  '0.025',
  '0.05',
  '0.1',
  '0.25',
  '0.5',
  '1',
  '2.5',
  '5',
  '10',
  '+Inf',
];

const nameOf = (service: number) => `service-${service % services}`;
const targetsOf = (service: number) =>
  Array.from({ length: edgesEach }, (_, edge) => nameOf(service + 1 + edge * 7));

/** A histogram of calls between 5 and 100 ms. */
function histogram(metric: string, labels: string, calls: number): string {
  const lines = bounds.map((le, place) => {
    const share = Math.min(1, Math.max(0, (place - 2) / 4));
    return `${metric}_bucket{le="${le}",${labels}} ${Math.floor(calls * share)}`;
  });
  return [...lines, `${metric}_sum{${labels}} ${calls * 0.03}`, `${metric}_count{${labels}} ${calls}`].join(
    '\n',
  );
}

/** Of a process with 12 procedures, each called by four callers with two codes, and with its calls to three services. */
function metricsOf(service: number, round: number): string {
  const calls = 1000 + round * (7 + (service % 13));
  const answered = Array.from({ length: 12 }, (_, procedure) =>
    ['user', 'anyone', nameOf(service + 99), nameOf(service + 93)].flatMap((caller) =>
      ['OK', 'NOT_FOUND'].map((code) =>
        histogram(
          'mesh_server_call_seconds',
          `procedure="group.p${procedure}",caller="${caller}",code="${code}"`,
          calls,
        ),
      ),
    ),
  ).flat();
  const made = targetsOf(service).flatMap((target) => {
    const labels = `target="${target}",procedure="group.p1"`;
    return [
      histogram('mesh_client_call_seconds', `${labels},code="OK"`, calls),
      histogram('mesh_client_call_seconds', `${labels},code="TIMEOUT"`, calls),
      `mesh_client_attempts_total{${labels},transport="websocket",code="OK"} ${calls}`,
      `mesh_client_decisions_total{target="${target}",decision="retry",reason="TIMEOUT"} ${round}`,
    ];
  });
  const own = Array.from({ length: 150 }, (_, n) => `nodejs_own_metric_${n}{space="old"} ${round * n}`);
  return [
    'process_start_time_seconds 1',
    `process_cpu_seconds_total ${round}`,
    ...own,
    ...answered,
    ...made,
    '',
  ].join('\n');
}

const meshOf = (service: number) => ({
  targets: targetsOf(service).map((target) => ({
    target,
    retry_budget: 100,
    endpoints: ['a', 'b'].map((url) => ({
      url: target + url,
      ip: null,
      breaker: 'closed',
      ejected: false,
      leaving: false,
    })),
  })),
  server: {
    shedding: false,
    queued: 0,
    event_loop_delay_ms: 1,
    procedures: Array.from({ length: 12 }, (_, n) => ({ path: `group.p${n}`, limit: 1024, in_flight: 1 })),
  },
});

function checkOf(
  target: Target,
  { service, number, at }: { service: number; number: number; at: number },
): Check {
  return {
    ...target,
    at,
    responseTimeMs: 1,
    report: { status: 'healthy', uptime: 1, version: '1', database: 'connected', dependencies: {} },
    problem: undefined,
    mesh: meshOf(service),
    // As if it had come from a socket: one flat text.
    metrics: Buffer.from(metricsOf(service, number)).toString(),
  };
}

/** Memory in use after garbage was collected. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test(`${services} services and ${services * edgesEach} edges take less than a tenth of a core, and less than 100 MB`, async () => {
  const before = heldBytes();
  const targets = Array.from({ length: services }, (_, n) => ({
    service: nameOf(n),
    url: `http://127.0.0.1:${10_000 + n}`,
  }));
  let at = Date.parse('2026-11-30T12:00:00Z');
  const live = new LiveStatus({ targets, staleAfterMs: 6000, now: () => at });
  const listeners: ((round: Round) => void)[] = [];
  const collector = { onRound: (listener: (round: Round) => void) => void listeners.push(listener) };
  const { map } = createMeshViews({
    collector,
    live,
    contracts: new ServiceContracts({ watched: new Map(), token: () => '' }),
    intervalMs,
    failuresOf: () => [],
    now: () => at,
    log,
  });
  /** @returns The time of the processor that the map took, in milliseconds. */
  const run = (number: number): number => {
    at += intervalMs;
    const round = {
      at,
      targets,
      checks: targets.map((target, service) => checkOf(target, { service, number, at })),
    };
    live.record(round);
    const cpu = process.cpuUsage();
    for (const listener of listeners) listener(round);
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1000;
  };
  let spentMs = 0;
  for (let number = 0; number < rounds; number += 1) {
    const ms = run(number);
    // Before, names are new, and code is compiled.
    if (number >= warmUp) spentMs += ms;
  }
  const edges = map.current().edges.length;
  const share = spentMs / (rounds - warmUp) / intervalMs;
  const megabytes = (heldBytes() - before) / 1e6;
  process.stdout.write(`${JSON.stringify({ edges, share, megabytes })}\n`);
  expect(edges).toBeGreaterThanOrEqual(services * edgesEach);
  expect(share).toBeLessThan(0.1);
  expect(megabytes).toBeLessThan(100);
});
