import type { MeshMap } from '@arcadium/contracts/dashboard';
import { describe, expect, test } from 'vitest';
import type { Check } from '../round.ts';
import { LiveMap, mapBounds, type Observed } from './live-map.ts';

const intervalMs = 2000;
const noon = Date.parse('2026-11-30T12:00:00Z');
const bounds = ['0.01', '0.1', '1', '+Inf'];

/** The lines of a histogram. @param calls That took 50 ms. */
const calls = (metric: string, labels: string, count: number) =>
  bounds.map((le) => `${metric}_bucket{${labels},le="${le}"} ${le === '0.01' ? 0 : count}`).join('\n');
const outgoing = (target: string, code: string, count: number) =>
  calls('mesh_client_call_seconds', `target="${target}",procedure="pages.get",code="${code}"`, count);
const incoming = (caller: string, code: string, count: number, procedure = 'pages.get') =>
  calls('mesh_server_call_seconds', `procedure="${procedure}",caller="${caller}",code="${code}"`, count);
const decided = (target: string, decision: string, reason: string, count: number) =>
  `mesh_client_decisions_total{target="${target}",decision="${decision}",reason="${reason}"} ${count}`;

type Breaker = 'closed' | 'open' | 'half-open';
const endpoint = (url: string, breaker: Breaker = 'closed', ejected = false) => ({
  url,
  ip: null,
  breaker,
  ejected,
  leaving: false,
  in_flight: 0,
  latency_ms: 1,
});
const meshOf = (targets: object[], shedding = false) => ({
  service: 'any',
  targets,
  server: {
    shedding,
    queued: 0,
    event_loop_delay_ms: 1,
    procedures: [{ path: 'pages.get', limit: 1024, in_flight: 3 }],
  },
});

type Answer = Partial<Pick<Check, 'metrics' | 'mesh'>>;

/** A dashboard that watches these processes, by `service url`. */
function watching(...processes: string[]) {
  const problems: unknown[] = [];
  let nowMs = 0;
  let watched = processes;
  const targets = () =>
    watched.map((one) => {
      const [service = '', url = ''] = one.split(' ');
      return { service, url };
    });
  const map = new LiveMap({
    intervalMs,
    statuses: () =>
      [...new Set(targets().map(({ service }) => service))].map((service) => ({
        service,
        status: 'healthy',
        replicas: targets().filter((one) => one.service === service),
      })),
    onProblem: (problem) => problems.push(problem),
    nowMs: () => nowMs,
  });
  let last: Observed | undefined;
  return {
    map,
    problems,
    watch: (...others: string[]) => (watched = others),
    round(answers: Readonly<Record<string, Answer>> = {}): MeshMap {
      nowMs += intervalMs;
      last = map.observe({
        at: noon + nowMs,
        targets: targets(),
        checks: targets().flatMap(({ service, url }) => {
          const answer = answers[`${service} ${url}`];
          const check = {
            service,
            url,
            at: noon + nowMs,
            responseTimeMs: 1,
            report: undefined,
            problem: undefined,
          };
          return answer ? [{ ...check, metrics: undefined, mesh: undefined, ...answer }] : [];
        }),
      });
      return last.map;
    },
    minute: () => last?.minute,
    edge: (caller: string, target: string) =>
      last?.map.edges.find((one) => one.caller === caller && one.target === target),
    node: (service: string) => last?.map.nodes.find((one) => one.service === service),
  };
}

describe('edges', () => {
  test('between services by the figures of the caller, of all of its replicas', () => {
    const { round, edge, node } = watching('wiki a', 'wiki b', 'auth x');
    const at = (n: number) => ({
      'wiki a': { metrics: `${outgoing('auth', 'OK', 100 + 8 * n)}\n` },
      'wiki b': { metrics: `${outgoing('auth', 'OK', 5000)}\n${outgoing('auth', 'TIMEOUT', 2 * n)}\n` },
      'auth x': { metrics: `${incoming('wiki', 'OK', 70 * n)}\n` },
    });
    for (let n = 0; n <= 5; n += 1) round(at(n));
    expect(edge('wiki', 'auth')).toEqual({
      caller: 'wiki',
      target: 'auth',
      rate: 5,
      success: 0.8,
      p50: 75,
      p95: 97.5,
      p99: 99.5,
      resilience: null,
    });
    expect(node('auth')).toMatchObject({
      kind: 'service',
      status: 'healthy',
      replicas: 1,
      rate: 35,
      success: 1,
    });
    expect(node('wiki')).toMatchObject({ replicas: 2, rate: 0, p50: null });
  });

  test('from users, anonymous callers and services that are not watched by the figures of the target', () => {
    const { round, edge, node } = watching('wiki a');
    const at = (n: number) => ({
      'wiki a': {
        metrics: ['user', 'admin', 'anyone', 'billing']
          .map((caller, place) => incoming(caller, 'OK', 2 * n * (place + 1)))
          .join('\n'),
      },
    });
    round(at(0));
    const { nodes } = round(at(1));
    expect(edge('user', 'wiki')).toMatchObject({ rate: 3, resilience: null });
    expect(edge('anyone', 'wiki')).toMatchObject({ rate: 3 });
    expect(edge('billing', 'wiki')).toMatchObject({ rate: 4 });
    expect(node('user')).toMatchObject({
      kind: 'user',
      status: 'unknown',
      replicas: 0,
      rate: 0,
      success: null,
    });
    expect(nodes.map(({ service, kind }) => `${service} ${kind}`)).toEqual([
      'wiki service',
      'user user',
      'anyone anyone',
      'billing service',
    ]);
  });

  test('a service that was never called is a target already, and one that stopped answering is not', () => {
    const { round, edge } = watching('wiki a');
    round({
      'wiki a': { mesh: meshOf([{ target: 'auth', retry_budget: 100, endpoints: [endpoint('x')] }]) },
    });
    expect(edge('wiki', 'auth')).toMatchObject({
      rate: 0,
      success: null,
      resilience: { breaker: 'closed', endpoints: 1, retryBudget: 100, reasons: [] },
    });
    for (let n = 0; n < 3; n += 1) round();
    expect(edge('wiki', 'auth')).toMatchObject({ resilience: { endpoints: 1 } });
    round();
    expect(edge('wiki', 'auth')).toMatchObject({ resilience: null });
  });

  test('a client of the service itself is an edge once it is used', () => {
    const { round, edge } = watching('auth a');
    const mesh = meshOf([{ target: 'auth', retry_budget: 100, endpoints: [endpoint('a')] }]);
    round({ 'auth a': { mesh } });
    expect(edge('auth', 'auth')).toBeUndefined();
    round({ 'auth a': { mesh, metrics: outgoing('auth', 'OK', 1) } });
    expect(edge('auth', 'auth')).toMatchObject({ resilience: { endpoints: 1 } });
  });

  test('an hour without a call, and an edge is gone; with one, it is back', () => {
    const { round, edge } = watching('wiki a');
    const called = (count: number) => ({ 'wiki a': { metrics: incoming('user', 'OK', count) } });
    round(called(1));
    for (let n = 0; n < 1799; n += 1) round();
    expect(edge('user', 'wiki')).toBeDefined();
    round(called(1));
    expect(edge('user', 'wiki')).toBeUndefined();
    round(called(2));
    expect(edge('user', 'wiki')).toMatchObject({ rate: 0.1 });
  });
});

describe('resilience', () => {
  test('contracts that differ are a reason; what is not a hash is left out', () => {
    const { round, edge } = watching('wiki a');
    const [ours, theirs] = ['0123456789abcdef', 'fedcba9876543210'];
    const target = { target: 'auth', retry_budget: 100, contract: ours, refused: ['users.me'] };
    const reasonsWith = (contract: unknown) => {
      round({ 'wiki a': { mesh: meshOf([{ ...target, endpoints: [{ ...endpoint('x'), contract }] }]) } });
      return edge('wiki', 'auth')?.resilience?.reasons;
    };
    expect(reasonsWith(theirs)).toEqual([
      `built with contract ${ours} of auth, which runs with ${theirs}: refused: users.me`,
    ]);
    for (const contract of [ours, null, undefined, '<b>', 7]) expect(reasonsWith(contract)).toEqual([]);
  });

  test('the worst that a replica knows of each endpoint, the least budget, and what was decided', () => {
    const { round, edge } = watching('wiki a', 'wiki b');
    const budget = (retry_budget: number, endpoints: object[]) =>
      meshOf([{ target: 'auth', as: 'wiki', in_flight: 0, retry_budget, endpoints }]);
    const at = (n: number) => ({
      'wiki a': {
        metrics: [
          outgoing('auth', 'OK', 20 * n),
          decided('auth', 'retry', 'TIMEOUT', 6 * n),
          decided('auth', 'retry', 'BAD_GATEWAY', 2 * n),
          decided('auth', 'failover', 'SERVICE_UNAVAILABLE', n),
        ].join('\n'),
        mesh: budget(3, [endpoint('x', 'open'), endpoint('y')]),
      },
      'wiki b': {
        metrics: [decided('auth', 'hedge', '', n), decided('auth', 'in-doubt', 'TIMEOUT', n)].join('\n'),
        mesh: budget(70, [endpoint('x'), endpoint('y', 'closed', true)]),
      },
    });
    round(at(0));
    round(at(1));
    expect(edge('wiki', 'auth')?.resilience).toEqual({
      breaker: 'open',
      endpoints: 2,
      ejected: 1,
      retryBudget: 3,
      retries: 4,
      failovers: 0.5,
      hedges: 0.5,
      refused: 0,
      doubts: 0.5,
      reasons: [
        '0.5 calls/s in doubt: they failed, but auth may have executed them',
        'breaker open on 1 of 2 endpoints of auth',
        '3 calls/s repeated because of TIMEOUT',
        '1 calls/s repeated because of BAD_GATEWAY',
        '0.5 calls/s sent to another endpoint because of SERVICE_UNAVAILABLE',
        '1 of 2 endpoints of auth ejected: much slower than the others',
        '0.5 calls/s sent twice, because the first answer was late; the second came first for 0/s',
      ],
    });
  });

  test('a target that sheds is said on the edges to it', () => {
    const { round, edge, node } = watching('wiki a', 'auth x');
    round({
      'wiki a': { mesh: meshOf([{ target: 'auth', retry_budget: 9, endpoints: [endpoint('x')] }]) },
      'auth x': { mesh: meshOf([], true) },
    });
    expect(node('auth')?.shedding).toBe(true);
    expect(edge('wiki', 'auth')?.resilience?.reasons).toEqual(['auth refuses calls for lack of capacity']);
  });
});

describe('minutes', () => {
  test('each has the traffic of the minute and the worst state in it', () => {
    const { round, minute } = watching('wiki a');
    let minutes = 0;
    for (let n = 0; n <= 61; n += 1) {
      const breaker = n === 40 ? 'open' : 'closed';
      const target = {
        target: 'auth',
        retry_budget: n === 50 ? 0 : 100,
        endpoints: [endpoint('x', breaker)],
      };
      round({ 'wiki a': { metrics: outgoing('auth', 'OK', 2 * n), mesh: meshOf([target], n === 45) } });
      const of = minute();
      if (!of) continue;
      minutes += 1;
      const [edge] = of.edges;
      expect(of.at).toBe(new Date(noon + 2000 + n * 2000).toISOString());
      expect(edge).toMatchObject({ rate: 1, success: 1 });
      expect(edge?.resilience?.breaker).toBe(minutes === 2 ? 'open' : 'closed');
      expect(edge?.resilience?.retryBudget).toBe(minutes === 2 ? 0 : 100);
      expect(of.nodes[0]?.shedding).toBe(minutes === 2);
    }
    expect(minutes).toBe(2);
  });
});

describe('what cannot be read, and what is too much', () => {
  test('a hostile text is a problem of its process, told once, and the last good figures stay', () => {
    const { round, edge, problems } = watching('wiki a');
    round({ 'wiki a': { metrics: incoming('user', 'OK', 0) } });
    round({ 'wiki a': { metrics: incoming('user', 'OK', 4) } });
    for (let n = 0; n < 2; n += 1) round({ 'wiki a': { metrics: '<html>' } });
    expect(problems).toEqual([
      {
        service: 'wiki',
        url: 'a',
        problem: 'The line "<html>" does not begin with the name of a metric',
      },
    ]);
    expect(edge('user', 'wiki')?.rate).toBeCloseTo(0.667);
    round({ 'wiki a': { metrics: incoming('user', 'OK', 4) } });
    expect(problems[1]).toEqual({ service: 'wiki', url: 'a', problem: undefined });
  });

  test('names that no service can have make no edge, and what is not the state of a mesh is ignored', () => {
    const { round } = watching('wiki a');
    const targets = ['', 'Upper', '-x', '../etc', 'x'.repeat(64), '__proto__'];
    const { edges } = round({
      'wiki a': {
        metrics: targets
          .map((target) => `${outgoing(target, 'OK', 1)}\n${incoming(target, 'OK', 1)}`)
          .join('\n'),
        mesh: meshOf([{ target: 'auth', retry_budget: -1, endpoints: [] }]),
      },
    });
    expect(edges).toEqual([]);
  });

  test('edges and procedures have a bound', () => {
    const { round, map } = watching('wiki a');
    const many = Array.from({ length: 2100 }, (_, n) => decided(`service-${n}`, 'retry', 'TIMEOUT', 1));
    const procedures = Array.from({ length: 600 }, (_, n) => incoming('user', 'OK', 1, `p${n}`));
    const { edges } = round({ 'wiki a': { metrics: [...many, ...procedures].join('\n') } });
    expect(edges).toHaveLength(mapBounds.edges);
    expect(map.service('wiki')?.procedures.size).toBe(500);
  });

  test('a process and a service that are no longer watched are forgotten', () => {
    const { round, watch, map } = watching('wiki a', 'wiki b', 'auth x');
    const answer = {
      metrics: outgoing('auth', 'OK', 1),
      mesh: meshOf([{ target: 'auth', retry_budget: 1, endpoints: [endpoint('x')] }]),
    };
    round({ 'wiki a': answer, 'wiki b': answer, 'auth x': {} });
    watch('wiki a');
    round();
    expect(map.service('wiki')?.processes.size).toBe(1);
    expect(map.service('auth')).toBeUndefined();
    watch();
    expect(round()).toMatchObject({ nodes: [], edges: [] });
  });
});

describe('a procedure', () => {
  test('its figures of the last minute, its callers of the last hour, and its limit', () => {
    const { round, map } = watching('wiki a', 'wiki b');
    for (let n = 0; n <= 60; n += 1) {
      const metrics = `${incoming('user', 'OK', n)}\n${incoming('auth', 'NOT_FOUND', n > 30 ? 31 : n)}`;
      round({ 'wiki a': { metrics, mesh: meshOf([]) }, 'wiki b': { mesh: meshOf([]) } });
    }
    const figures = map.service('wiki')?.figures('pages.get', map.spans().minute, map.nowMs());
    expect(figures).toMatchObject({ rate: 0.517, success: 1, p50: 75, limit: 2048, inFlight: 6 });
    expect(figures?.callers).toEqual([
      { caller: 'user', rate: 0.5 },
      { caller: 'auth', rate: expect.closeTo(31 / 120) },
    ]);
    expect(map.service('wiki')?.figures('pages.delete', map.spans().minute, map.nowMs())).toMatchObject({
      rate: 0,
      callers: [],
      limit: null,
    });
  });
});
