import { expect, test } from 'vitest';
import { reasonsOf, type EdgeFacts } from './reasons.ts';

const calm: EdgeFacts = {
  target: 'wiki',
  endpoints: 2,
  open: 0,
  halfOpen: 0,
  ejected: 0,
  leaving: 0,
  retryBudget: 100,
  skews: [],
  shedding: false,
  success: 1,
  decisions: [],
  faults: [],
  attempts: [{ name: 'websocket', count: 100 }],
};
const made = (name: string, rate: number) => ({ decisions: [{ name, rate }] });

test.each<[string, Partial<EdgeFacts>, string[]]>([
  ['nothing', {}, []],
  ['failures of callers', { faults: [], success: 1 }, []],
  ['one of two breakers open', { open: 1 }, ['breaker open on 1 of 2 endpoints of wiki']],
  ['all breakers open', { open: 2 }, ['breaker open on all 2 endpoints of wiki']],
  ['the only breaker open', { endpoints: 1, open: 1 }, ['breaker open on the only endpoint of wiki']],
  ['not sent', made('refused breaker', 4.04), ['4 calls/s not sent, because no breaker let them through']],
  [
    'not sent for their contract',
    made('refused contract', 4),
    ['4 calls/s refused, because they do not fit the contract of wiki'],
  ],
  [
    'other contracts',
    {
      skews: [
        { ours: 'a', theirs: 'b', refused: [] },
        { ours: 'a', theirs: 'c', refused: ['pages.get', 'pages.list', '3', '4', '5', '6'] },
        { ours: 'a', theirs: 'b', refused: [] },
      ],
    },
    [
      'built with contract a of wiki, which runs with b: no call is refused',
      'built with contract a of wiki, which runs with c: refused: pages.get, pages.list, 3, 4, 5, and 1 more',
    ],
  ],
  [
    'doubt',
    made('in-doubt TIMEOUT', 0.25),
    ['0.25 calls/s in doubt: they failed, but wiki may have executed them'],
  ],
  ['shedding', { shedding: true }, ['wiki refuses calls for lack of capacity']],
  [
    'failures',
    {
      success: 0.627,
      faults: [
        { name: 'TIMEOUT', count: 20 },
        { name: 'BAD_GATEWAY', count: 3 },
      ],
    },
    ['37 % of calls fail by the fault of wiki, most with TIMEOUT'],
  ],
  ['one failure of ten thousand', { success: 0.9999, faults: [{ name: 'TIMEOUT', count: 1 }] }, []],
  ['no budget', { retryBudget: 0 }, ['retry budget used up']],
  [
    'no budget, and calls that wanted it',
    made('no-retry budget', 12.3),
    ['retry budget used up: 12 calls/s not repeated'],
  ],
  ['no retry for another reason', made('no-retry not-retryable', 5), []],
  ['no budget because nothing is known', { endpoints: 0, retryBudget: 0 }, []],
  ['deadlines', made('deadline-passed', 1), ['1 calls/s ended by their deadline']],
  ['retries', made('retry SERVICE_UNAVAILABLE', 3), ['3 calls/s repeated because of SERVICE_UNAVAILABLE']],
  [
    'failovers',
    made('failover SERVICE_UNAVAILABLE', 2),
    ['2 calls/s sent to another endpoint because of SERVICE_UNAVAILABLE'],
  ],
  ['fallbacks', made('fallback TIMEOUT', 2), ['2 calls/s answered with a fallback value because of TIMEOUT']],
  ['an ejected endpoint', { ejected: 1 }, ['1 of 2 endpoints of wiki ejected: much slower than the others']],
  ['a probe', { halfOpen: 1 }, ['breaker half-open on 1 of 2 endpoints of wiki: a probe runs']],
  ['a breaker that was open', made('breaker open', 0.1), ['a breaker was open, and is closed again']],
  [
    'hedges',
    {
      decisions: [
        { name: 'hedge', rate: 2 },
        { name: 'hedge-won', rate: 0.5 },
      ],
    },
    ['2 calls/s sent twice, because the first answer was late; the second came first for 0.5/s'],
  ],
  ['a replica that stops', { leaving: 1 }, ['1 of 2 endpoints of wiki are stopping']],
  [
    'no WebSocket',
    {
      attempts: [
        { name: 'http', count: 20 },
        { name: 'none', count: 2 },
      ],
    },
    ['all answers of wiki come over HTTP: something in front of it may refuse WebSockets'],
  ],
  ['the first calls, over HTTP', { attempts: [{ name: 'http', count: 19 }] }, []],
  [
    'some over HTTP',
    {
      attempts: [
        { name: 'http', count: 50 },
        { name: 'websocket', count: 1 },
      ],
    },
    [],
  ],
])('%s', (_, facts, reasons) => {
  expect(reasonsOf({ ...calm, ...facts })).toEqual(reasons);
});

test('the most important first: calls without an answer, then failures, then what was saved', () => {
  const all = reasonsOf({
    ...calm,
    open: 1,
    ejected: 1,
    leaving: 1,
    shedding: true,
    retryBudget: 0,
    success: 0.5,
    faults: [{ name: 'TIMEOUT', count: 9 }],
    decisions: [
      { name: 'hedge', rate: 9 },
      { name: 'retry TIMEOUT', rate: 5 },
      { name: 'retry BAD_GATEWAY', rate: 4 },
      { name: 'in-doubt TIMEOUT', rate: 1 },
      { name: 'refused breaker', rate: 1 },
    ],
  });
  expect(
    all.map((reason) =>
      reason
        .replaceAll(/[\d.]+ /g, '')
        .split(' ')
        .slice(0, 3)
        .join(' '),
    ),
  ).toEqual([
    'calls/s not sent,',
    'calls/s in doubt:',
    'breaker open on',
    'wiki refuses calls',
    '% of calls',
    'retry budget used',
    'calls/s repeated because',
    'calls/s repeated because',
    'of endpoints of',
    'calls/s sent twice,',
    'of endpoints of',
  ]);
});
