import type { OddCall } from './http-call.ts';
import { words } from './wire.ts';

const id = (digit: string): string => digit.repeat(32);
const span = (digit: string): string => digit.repeat(16);

/** Headers that are ignored if they make no sense. */
const ignored: Readonly<Record<string, readonly string[]>> = {
  'x-timeout-ms': ['', ' ', '5, 5', '9'.repeat(30), ...words('-1 0 1 1e3 NaN Infinity 0x10 1.5 ٣')],
  traceparent: [
    '',
    '00',
    '00-0-0-0',
    'x'.repeat(10_000),
    `00-${id('0')}-${span('0')}-00`,
    `ff-${id('a')}-${span('b')}-01`,
    `00-${id('A')}-${span('b')}-01`,
    `00-${id('a')}-${span('b')}-01-x`,
  ],
  tracestate: ['=', ',,,', '\xff', 'a=b,'.repeat(2000), 'x'.repeat(600)],
  'x-request-id': [
    '',
    ' ',
    'a b',
    '"',
    '{"level":"error"}',
    '\xff',
    'x'.repeat(129),
    'x'.repeat(10_000),
    '%0d%0aset-cookie: a=b',
  ],
  accept: ['', 'text/html', '*/*;q=0', 'application/xml', 'x'.repeat(10_000)],
  'accept-encoding': ['gzip', 'br;q=2', '*', 'nonsense'],
  range: ['bytes=0-', 'bytes=-1', 'bytes=9-1', 'x'],
  'if-none-match': ['*', '"x"'],
  origin: ['null', 'http://other.example', '*'],
  cookie: ['a=b', '='.repeat(5000), 'session=\xff'],
  'content-length': ['0'],
  forwarded: ['for=127.0.0.1', 'x'.repeat(5000)],
  'x-forwarded-for': ['127.0.0.1', '::1, , ,'],
  'idempotency-key': ['', '\xff', 'x'.repeat(10_000)],
};

/** Invalid credentials. */
const refused: Readonly<Record<string, readonly string[]>> = {
  authorization: [
    'Bearer',
    'Bearer a b c',
    'Bearer ..',
    'Bearer ...',
    'Bearer e30.e30.e30',
    'Bearer \xff\xfe',
    'Basic Og==',
    ',',

    `Bearer ${'x'.repeat(15_000)}`,
    `Bearer ${'a.'.repeat(4000)}`,
    `${'x'.repeat(15_000)} y`,
    `Bearer ${'x'.repeat(100_000)}`,
  ],
  'x-user-token': ['x', '..', 'x'.repeat(10_000)],
};

/** Meaningless header values. */
export const oddHeaders: readonly OddCall[] = [
  ...Object.entries(ignored).flatMap(([name, values]) => values.map((value) => calling(name, value))),
  ...Object.entries(refused).flatMap(([name, values]) =>
    values.map((value): OddCall => Object.assign(calling(name, value), { expect: 'refusal' } as const)),
  ),
];

function calling(name: string, value: string): OddCall {
  return { what: `${name}: ${value.slice(0, 40)}`, target: 'pages.list', headers: { [name]: value } };
}
