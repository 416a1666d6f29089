import { chunked, ending, get, goodTarget, post, refusal, words, type WireCase } from './wire.ts';

const mebibyte = 1024 * 1024;
const noLengths = ['', ' ', '2 2', ...words('-1 +2 0x2 2e0 2.0 two 99999999999999999999 ２')];
const codings = [
  'gzip',
  'identity',
  'chunked, gzip',
  'gzip, chunked',
  'chunked, chunked',
  'xchunked',
  ' chunked',
  '"chunked"',
];
const noSizes = [
  '',
  '2 ',
  ' 2',
  '2\0',
  `2;${'x'.repeat(20_000)}`,
  ...words('x -1 0x2 ffffffffffffffff 10000000000000000 2; 2;a=b'),
];

/** Bodies whose end is ambiguous, missing, or too far away. */
export const brokenBodies: readonly WireCase[] = [
  ['two equal lengths', `${post('content-length: 2', 'content-length: 2')}{}`, refusal],
  ['two lengths', `${post('content-length: 2', 'content-length: 20')}{}`, refusal],
  ['lengths in a list', `${post('content-length: 2, 2')}{}`, refusal],
  ['length and chunks', `${post('content-length: 2', 'transfer-encoding: chunked')}0\r\n\r\n`, refusal],
  ['chunks and length', `${post('transfer-encoding: chunked', 'content-length: 2')}0\r\n\r\n`, refusal],
  ...noLengths.map((length): WireCase => [
    `the length ${length}`,
    `${post(`content-length: ${length}`)}{}`,
    ending,
  ]),
  ...codings.map((coding): WireCase => {
    return [`the coding ${coding}`, `${post(`transfer-encoding: ${coding}`)}0\r\n\r\n`, ending];
  }),
  ['a body on GET', `${get(goodTarget, 'content-length: 7')}surplus`, { expect: [200] }],
  [
    'a chunked body on GET',
    `${get(goodTarget, 'transfer-encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`,
    { expect: [200] },
  ],
  ['a body on GET /health', `${get('/health', 'content-length: 7')}surplus`, { expect: [200] }],
  ['more than the length', `${post('content-length: 2')}{}surplus`, ending],

  ...noSizes.map((size): WireCase => {
    return [
      `the chunk size ${JSON.stringify(size.slice(0, 20))}`,
      chunked(`${size}\r\n{}\r\n0\r\n\r\n`),
      ending,
    ];
  }),
  ['a chunk longer than its size', chunked('1\r\n{}\r\n0\r\n\r\n'), refusal],
  ['a chunk without line end', chunked('2\r\n{}0\r\n\r\n'), refusal],
  ['a forbidden trailer', chunked('2\r\n{}\r\n0\r\ncontent-length: 5\r\nauthorization: x\r\n\r\n')],
  ['a broken trailer', chunked('2\r\n{}\r\n0\r\nno colon\r\n\r\n'), ending],
  ['1000 chunks of one byte', chunked(`${'1\r\n \r\n'.repeat(1000)}0\r\n\r\n`)],

  ['9 petabytes', post('content-length: 9007199254740991'), { expect: [413] }],
  [
    '4 MiB with a length',
    post(`content-length: ${4 * mebibyte}`) + ' '.repeat(4 * mebibyte),
    { expect: [413] },
  ],
  [
    '2 MiB and a byte',
    post(`content-length: ${2 * mebibyte + 1}`) + ' '.repeat(2 * mebibyte + 1),
    { expect: [413] },
  ],
  ['4 MiB in one chunk', chunked(`400000\r\n${' '.repeat(4 * mebibyte)}\r\n0\r\n\r\n`), { expect: [413] }],
  [
    '8 MiB in chunks',
    chunked(`${`10000\r\n${' '.repeat(65_536)}\r\n`.repeat(128)}0\r\n\r\n`),
    { expect: [413] },
  ],
];
