import { expect, test } from 'vitest';
import type { CallFigures } from './call-figures.ts';
import { CallMeters } from './call-meters.ts';
import { sorted, topLines } from './top-view.ts';

const row = (of: Partial<CallFigures>): CallFigures => ({
  service: 'wiki',
  procedure: 'pages.list',
  caller: 'anyone',
  rate: 10,
  success: 1,
  p50: 2.5,
  p95: 8,
  p99: 12.3,
  retries: null,
  breaker: null,
  ...of,
});

const shown = (rows: CallFigures[]) =>
  ({ rows, unread: [], processes: 2, seconds: 2, sort: 'rate' }) as const;

test('numbers are aligned to the right, and what is not known is a dash', () => {
  const lines = topLines(
    shown([
      row({ rate: 1234, success: 0.99999, p99: 2500 }),
      row({
        service: 'auth',
        procedure: 'users.get',
        caller: 'wiki',
        rate: 0.5,
        retries: 0.25,
        breaker: 'open',
      }),
    ]),
  );
  expect(lines).toEqual([
    '1235 calls/s · 2 of 2 processes · 2.0 s · by rate',
    'procedure        caller    rate  success     p50   p95      p99  retries  breaker',
    '───────────────  ──────  ──────  ───────  ──────  ────  ───────  ───────  ───────',
    'wiki.pages.list  anyone  1234/s  99.99 %  2.5 ms  8 ms    2.5 s        –  –',
    'auth.users.get   wiki     0.5/s    100 %  2.5 ms  8 ms  12.3 ms   0.25/s  open',
  ]);
});

test.each([
  [200, 'procedure caller rate success p50 p95 p99 retries breaker'],
  [70, 'procedure caller rate success p50 p95 p99'],
  [50, 'procedure caller rate success p95'],
  [38, 'procedure rate success'],
  [20, 'procedure ra…'],
])('at a width of %i, columns that matter less are left out, and no line is wider', (width, names) => {
  const lines = topLines(shown([row({}), row({ caller: 'notification' })]), { width, height: 24 });
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  expect(lines[1]?.split(/\s+/).join(' ')).toContain(names);
});

test('lines fit the height, and the rows that do not are counted', () => {
  const rows = Array.from({ length: 30 }, (_, n) => row({ procedure: `pages.p${n}`, rate: n }));
  const lines = topLines(shown(rows), { width: 100, height: 12 });
  expect(lines.length).toBeLessThan(12);
  expect(lines.at(-1)).toBe('… and 23 more');
  expect(lines[3]).toContain('wiki.pages.p29');
});

test('without calls, and with a service that does not answer', () => {
  const unread = [{ service: 'auth', url: 'http://127.0.0.1:9', reason: 'connect ECONNREFUSED' }];
  expect(topLines({ ...shown([]), unread })).toEqual([
    '0 calls/s · 1 of 2 processes · 2.0 s · by rate',
    'auth at http://127.0.0.1:9: connect ECONNREFUSED',
    '',
    'No calls in this interval.',
  ]);
});

test('sorted by a column: numbers from the highest, success and breakers from the worst, names from the first', () => {
  const rows = [
    row({ procedure: 'a.a', rate: 1, success: 0.5, p99: 7, breaker: 'closed' }),
    row({ procedure: 'b.b', rate: 3, success: 1, p99: null, breaker: 'open' }),
    row({ procedure: 'c.c', rate: 2, success: 0.9, p99: 9, breaker: null }),
  ];
  const by = (name: Parameters<typeof sorted>[1]) =>
    sorted(rows, name)
      .map(({ procedure }) => procedure[0])
      .join('');
  expect(['rate', 'success', 'p99', 'breaker', 'procedure'].map((name) => by(name as 'rate'))).toEqual([
    'bca',
    'acb',
    'cab',
    'bca',
    'abc',
  ]);
});

/** The text of a caller's `/metrics`. */
const metrics = (attempts: number, calls: number, state: string) => `process_start_time_seconds 1
mesh_client_attempts_total{target="auth",procedure="users.get",transport="websocket",code="OK"} ${attempts}
mesh_client_call_seconds_count{target="auth",procedure="users.get",code="OK"} ${calls}
mesh_client_endpoints{target="auth",state="${state}"} 1
`;
const answered = (count: number) => `process_start_time_seconds 1
mesh_server_call_seconds_bucket{procedure="users.get",caller="wiki",code="OK",le="0.01"} ${count}
mesh_server_call_seconds_bucket{procedure="users.get",caller="wiki",code="OK",le="+Inf"} ${count}
mesh_server_call_seconds_bucket{procedure="users.get",caller="wiki",code="TIMEOUT",le="+Inf"} 1
`;

test('retries and breaker are those of the calling service, for as long as they are so', () => {
  const meters = new CallMeters();
  const wiki = meters.processOf('wiki');
  const auth = meters.processOf('auth');
  const read = (round: number, texts: [string, string]) => {
    const at = { at: 10_000 + round * 1000, nowMs: round * 1000, roundMs: 1000 };
    wiki(texts[0], at);
    auth(texts[1], at);
    return meters.take(1);
  };
  expect(read(0, [metrics(1, 1, 'closed'), answered(1)])).toEqual([]);
  expect(read(1, [metrics(9, 5, 'open'), answered(5)])).toMatchObject([
    {
      service: 'auth',
      procedure: 'users.get',
      caller: 'wiki',
      rate: 4,
      retries: 4,
      breaker: 'open',
      success: 1,
    },
  ]);
  expect(read(2, [metrics(10, 6, 'closed'), answered(6)])).toMatchObject([{ retries: 0, breaker: 'closed' }]);
  expect(read(3, [metrics(10, 6, 'closed'), answered(6)])).toEqual([]);
});
