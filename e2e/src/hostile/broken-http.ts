import type { ServiceName } from '../mesh.ts';
import type { HostileRequest } from './exchange.ts';
import type { Random } from './random.ts';

const service: ServiceName = 'wiki';
const good = '/trpc/pages.list';
const crlf = '\r\n';
const head = (...lines: string[]): string => [...lines, '', ''].join(crlf);
const get = (target: string, ...headers: string[]): string =>
  head(`GET ${target} HTTP/1.1`, 'host: wiki', 'connection: close', ...headers);
const post = (headers: string[], target = '/trpc/pages.create'): string =>
  head(`POST ${target} HTTP/1.1`, 'host: wiki', 'content-type: application/json', ...headers);

type Case = readonly [what: string, request: string | Buffer, rest?: Partial<HostileRequest>];
const refusal = { expect: 'refusal' } as const;
const ending = { then: 'end' } as const;

/** What is no HTTP, nearly HTTP, or HTTP that two readers would take for different things. */
export function brokenHttp(random: Random): HostileRequest[] {
  const cases: readonly Case[] = [
    ...requestLines,
    ...headerLines,
    ...lengths,
    ...chunks,
    ...otherProtocols,
    ...targets.map((target): Case => [`the target ${target.slice(0, 40)}`, get(target)]),
    ...unbearable,
  ];
  return [
    ...cases.map(([what, request, rest]) => ({ service, what, pieces: [request], ...rest })),
    ...interrupted(),
    ...flipped(random),
  ];
}

const requestLines: readonly Case[] = [
  ...[
    'HTTP/0.9',
    'HTTP/3.0',
    'HTTP/1.2',
    'HTTP/11',
    'http/1.1',
    'HTTP/1.',
    'HTTPS/1.1',
    'HTTP/-1.1',
    'HTTP/1.1x',
    '',
  ].map((version): Case => [`the version ${version}`, head(`GET ${good} ${version}`, 'host: wiki'), ending]),
  ...['FOO', 'get', 'G E T', 'GET\0', 'ÄÖ', 'A'.repeat(5000), '', 'GET GET', '{}', 'POST\t'].map(
    (method): Case => [
      `the method ${method.slice(0, 20)}`,
      head(`${method} ${good} HTTP/1.1`, 'host: wiki'),
      refusal,
    ],
  ),
  // Methods that Node knows, and that no procedure answers.
  ...[
    'PUT',
    'DELETE',
    'PATCH',
    'TRACE',
    'OPTIONS',
    'PROPFIND',
    'QUERY',
    'PURGE',
    'M-SEARCH',
    'SUBSCRIBE',
  ].flatMap((method): Case[] =>
    [good, '/trpc/pages.create', '/health', '/nothing'].flatMap((target) => [
      [
        `${method} ${target}`,
        head(`${method} ${target} HTTP/1.1`, 'host: wiki', 'connection: close'),
        refusal,
      ],
      [
        `${method} ${target} with a type`,
        head(
          `${method} ${target} HTTP/1.1`,
          'host: wiki',
          'connection: close',
          'content-type: application/json',
          'content-length: 2',
        ) + '{}',
        refusal,
      ],
    ]),
  ),
  ...[good, '/trpc/nothing', '/trpc/%', '/health', '/nothing', '/trpc/pages.create'].map((target): Case => [
    `HEAD ${target}`,
    head(`HEAD ${target} HTTP/1.1`, 'host: wiki', 'connection: close'),
  ]),
  ['OPTIONS *', head('OPTIONS * HTTP/1.1', 'host: wiki', 'connection: close'), refusal],
  ['CONNECT to elsewhere', head('CONNECT 127.0.0.1:1 HTTP/1.1', 'host: 127.0.0.1:1'), ending],
  ['CONNECT with a path', head(`CONNECT ${good} HTTP/1.1`, 'host: wiki'), ending],
  ['no host', head(`GET ${good} HTTP/1.1`, 'connection: close'), refusal],
  ['two hosts', get(good, 'host: other')],
  ['HTTP/1.0', head(`GET ${good} HTTP/1.0`)],
  ['a line feed alone', `GET ${good} HTTP/1.1\nhost: wiki\n\n`, ending],
  ['no line end at all', 'GET', ending],
  ['nothing', '', ending],
  ['line ends only', crlf.repeat(1000), ending],
];

const headerLines: readonly Case[] = [
  ...[
    'no colon here',
    ': no name',
    'space in name: x',
    'space-before-colon : x',
    'nul: a\0b',
    'escape: \x1b[31m',
    'bell: \x07',
    'bare-cr: a\rb',
    'n\0ul: x',
    'ümlaut: x',
    '(comment): x',
  ].map((line): Case => [`the header ${JSON.stringify(line)}`, get(good, line), ending]),
  ['a folded header', get(good, 'folded: a', ' b'), ending],
  ['a header of 20 KB', get(good, `long: ${'x'.repeat(20_000)}`), { expect: [431] }],
  ['a header name of 20 KB', get(good, `${'x'.repeat(20_000)}: y`), { expect: [431] }],
  [
    'headers of 64 KB',
    get(good, ...Array.from({ length: 640 }, (_, n) => `h${n}: ${'x'.repeat(95)}`)),
    { expect: [431] },
  ],
  ['900 headers', get(good, ...Array.from({ length: 900 }, (_, n) => `h${n}: 1`))],
  ['latin-1 in a header', Buffer.from(get(good, 'latin: \xff\xfe\x80'), 'latin1')],
  [
    'headers named like properties',
    get(good, '__proto__: x', 'constructor: y', 'toString: z', 'hasOwnProperty: 1'),
  ],
  ...[
    'a b',
    'user:pass@wiki',
    '[::1',
    'wiki:99999',
    '%',
    '',
    '[]',
    'wi/ki',
    '?',
    'a'.repeat(5000),
    'xn--',
    '::',
  ].map((host): Case => [
    `the host ${JSON.stringify(host.slice(0, 20))}`,
    head(`GET ${good} HTTP/1.1`, `host: ${host}`, 'connection: close'),
  ]),
  ...['100-continue', '200-ok', 'nonsense', '', '100-continue, 100-continue'].map((expected): Case => [
    `expect: ${expected}`,
    post(['connection: close', `expect: ${expected}`, 'content-length: 2']) + '{}',
  ]),
  ...['websocket', 'h2c', 'nonsense', 'HTTP/2.0, TLS/1.0', ''].flatMap((protocol): Case[] =>
    [good, '/trpc', '/trpc/', '/health', '/'].map((target) => [
      `upgrade of ${target} to ${protocol}`,
      head(
        `GET ${target} HTTP/1.1`,
        'host: wiki',
        'connection: upgrade',
        `upgrade: ${protocol}`,
        'sec-websocket-version: 13',
        'sec-websocket-key: nonsense',
        'http2-settings: AAMAAABkAAQAAP__',
      ),
      ending,
    ]),
  ),
  ...['close, keep-alive', 'nonsense', 'upgrade', '', 'transfer-encoding', 'keep-alive, keep-alive'].map(
    (value): Case => [
      `connection: ${value}`,
      head(`GET ${good} HTTP/1.1`, 'host: wiki', `connection: ${value}`),
    ],
  ),
];

const lengths: readonly Case[] = [
  ['two equal lengths', post(['content-length: 2', 'content-length: 2']) + '{}', refusal],
  ['two lengths', post(['content-length: 2', 'content-length: 20']) + '{}', refusal],
  ['lengths in a list', post(['content-length: 2, 2']) + '{}', refusal],
  ['length and chunks', post(['content-length: 2', 'transfer-encoding: chunked']) + '0\r\n\r\n', refusal],
  ['chunks and length', post(['transfer-encoding: chunked', 'content-length: 2']) + '0\r\n\r\n', refusal],
  ...['-1', '+2', '0x2', '2e0', '2.0', 'two', '', ' ', '99999999999999999999', '2 2', '２'].map(
    (length): Case => [`content-length: ${length}`, post([`content-length: ${length}`]) + '{}', ending],
  ),
  ...[
    'gzip',
    'identity',
    'chunked, gzip',
    'gzip, chunked',
    'chunked, chunked',
    'xchunked',
    ' chunked',
    '"chunked"',
  ].map((coding): Case => [
    `transfer-encoding: ${coding}`,
    post([`transfer-encoding: ${coding}`]) + '0\r\n\r\n',
    ending,
  ]),
  ['a body of 9 petabytes', post(['content-length: 9007199254740991']), { expect: [413] }],
  ['a body on GET', get(good, 'content-length: 7') + 'surplus', { expect: [200] }],
  [
    'a chunked body on GET',
    get(good, 'transfer-encoding: chunked') + '3\r\nabc\r\n0\r\n\r\n',
    { expect: [200] },
  ],
  ['a body on GET /health', get('/health', 'content-length: 7') + 'surplus', { expect: [200] }],
  ['more than the length', post(['content-length: 2']) + '{}surplus', ending],
];

const chunked = (body: string): string => post(['transfer-encoding: chunked']) + body;
const chunks: readonly Case[] = [
  ...[
    'x',
    '-1',
    '0x2',
    '2 ',
    ' 2',
    'ffffffffffffffff',
    '10000000000000000',
    '',
    '2;',
    '2;a=b',
    `2;${'x'.repeat(20_000)}`,
    '2\0',
  ].map((size): Case => [
    `the chunk size ${JSON.stringify(size.slice(0, 20))}`,
    chunked(`${size}\r\n{}\r\n0\r\n\r\n`),
    ending,
  ]),
  ['a chunk longer than its size', chunked('1\r\n{}\r\n0\r\n\r\n'), refusal],
  ['a chunk without line end', chunked('2\r\n{}0\r\n\r\n'), refusal],
  ['a forbidden trailer', chunked('2\r\n{}\r\n0\r\ncontent-length: 5\r\nauthorization: x\r\n\r\n')],
  ['a broken trailer', chunked('2\r\n{}\r\n0\r\nno colon\r\n\r\n'), ending],
  ['1000 chunks of one byte', chunked(`${'1\r\n \r\n'.repeat(1000)}0\r\n\r\n`)],
];

const otherProtocols: readonly Case[] = [
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', refusal],
  ['a TLS hello', Buffer.from('16030100a5010000a10303' + '5a'.repeat(155), 'hex'), refusal],
  ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n', refusal],
  ['SMTP', 'EHLO wiki\r\nMAIL FROM:<a@b>\r\n', refusal],
  ['a request to a database', Buffer.from('0000000804d2162f', 'hex'), refusal],
  ['Redis', '*1\r\n$4\r\nPING\r\n', refusal],
  ['a web socket’s frame', Buffer.from('818512345678', 'hex'), refusal],
];

/** Paths and targets; each gets an answer, and none the contents of a file. */
const targets: readonly string[] = [
  ...[
    '/',
    '//',
    '///',
    '/trpc',
    '/trpc/',
    '/trpc//',
    '//trpc/pages.list',
    '/trpc/./pages.list',
    '/trpc/../health',
  ],
  ...[
    '/trpc/%',
    '/trpc/%0',
    '/trpc/%00',
    '/trpc/%2e%2e',
    '/trpc/%2e%2e%2fhealth',
    '/trpc/%zz',
    '/trpc/%ff',
    '/trpc/%C0%AF',
  ],
  ...[
    '/trpc/..',
    '/trpc/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/trpc/pages.list%00',
    '/trpc/pages%2elist',
    '/trpc/pages/list',
  ],
  ...[
    '/trpc/__proto__',
    '/trpc/constructor',
    '/trpc/toString',
    '/trpc/hasOwnProperty',
    '/trpc/pages.__proto__',
    '/trpc/pages',
  ],
  ...[
    '/trpc/pages.constructor',
    '/trpc/pages.list.__proto__',
    '/trpc/__proto__.pages',
    '/trpc/pages.list.call',
    '/trpc/then',
  ],
  ...[
    '/trpc/valueOf',
    '/trpc/pages.then',
    '/trpc/.',
    '/trpc/.pages',
    '/trpc/pages.',
    '/trpc/,',
    '/trpc/pages.list,',
    '/trpc/*',
  ],
  ...[
    '/__proto__',
    '/constructor',
    '/toString',
    '/health/',
    '/health/../livez',
    '/HEALTH',
    '/health%00',
    '/health;a=b',
    '/health?',
    '/.env',
  ],
  ...[
    '/trpc/pages.list?',
    '/trpc/pages.list?&&&',
    '/trpc/pages.list?=',
    '/trpc/pages.list?%',
    '/trpc/pages.list?input',
    '/trpc/pages.list#x',
  ],
  ...[
    'http://wiki/trpc/pages.list',
    'http://other.example/health',
    'https://wiki:1/trpc/pages.list',
    'http://[::1/trpc/pages.list',
  ],
  ...[
    'http://user:pass@wiki/trpc/pages.list',
    'http:///trpc/pages.list',
    'http://',
    'ftp://wiki/trpc/pages.list',
    'javascript:alert(1)',
  ],
  ...[
    'http://wiki:99999/trpc/pages.list',
    'wiki:80',
    '*',
    'trpc/pages.list',
    '?input={}',
    '#',
    '\\trpc\\pages.list',
    '/trpc\\pages.list',
  ],
  `/trpc/${'a'.repeat(8000)}`,
  `/trpc/${'a.'.repeat(4000)}a`,
  `/trpc/${'%61'.repeat(4000)}`,
  `/trpc/${'a,'.repeat(4000)}?batch=1`,
  `/trpc/pages.list?input=${'%5B'.repeat(4000)}`,
  `/trpc/pages.list?${'a=b&'.repeat(3000)}`,
  `/${'../'.repeat(2000)}etc/passwd`,
  `/trpc/pages.list?${'x'.repeat(20_000)}`,
];

/** Bodies that are too long, said or not. */
const mebibyte = 1024 * 1024;
const unbearable: readonly Case[] = [
  [
    '2 MiB with a length',
    post([`content-length: ${2 * mebibyte}`]) + ' '.repeat(2 * mebibyte),
    { expect: [413] },
  ],
  [
    'a byte more than 1 MiB',
    post([`content-length: ${mebibyte + 1}`]) + ' '.repeat(mebibyte + 1),
    { expect: [413] },
  ],
  ['2 MiB in one chunk', chunked(`200000\r\n${' '.repeat(2 * mebibyte)}\r\n0\r\n\r\n`), { expect: [413] }],
  [
    '8 MiB in chunks',
    chunked(`${`10000\r\n${' '.repeat(65_536)}\r\n`.repeat(128)}0\r\n\r\n`),
    { expect: [413] },
  ],
];

/** Requests that stop in the middle, come drop by drop, or come all at once. */
function interrupted(): HostileRequest[] {
  const whole = post(['content-length: 500']);
  const half = `${whole}{"slug":"half`;
  const some = { service, then: 'end' } as const;
  const cuts = Array.from({ length: 30 }, (_, n) => half.slice(0, Math.ceil((half.length * (n + 1)) / 30)));
  return [
    ...cuts.map((cut) => ({ ...some, what: `an end after ${cut.length} bytes`, pieces: [cut] })),
    ...cuts.map((cut) => ({
      ...some,
      what: `a reset after ${cut.length} bytes`,
      pieces: [cut],
      then: 'reset' as const,
    })),
    ...['0', '5\r\n{}', '2\r\n{}\r\n', 'ff'].map((body) => ({
      ...some,
      what: 'chunks without an end',
      pieces: [chunked(body)],
    })),
    ...[get(good), get('/health'), post(['content-length: 2']) + '{}'].map((request) => ({
      ...some,
      what: 'gone before the answer',
      pieces: [request],
      then: 'reset' as const,
    })),
    ...[5, 20].map((paceMs) => ({
      service,
      what: `a byte every ${paceMs} ms`,
      pieces: [...get(good)],
      paceMs,
      expect: [200],
    })),
    { service, what: 'a trickle that stops', pieces: [...half].slice(0, 60), paceMs: 10, then: 'end' },
    {
      service,
      what: '50 requests in one write',
      pieces: [head(`GET ${good} HTTP/1.1`, 'host: wiki').repeat(50)],
      answers: 50,
      expect: [200],
    },
    {
      service,
      what: 'a good request with rubbish behind it',
      pieces: [head(`GET ${good} HTTP/1.1`, 'host: wiki') + '\0\0\0\r\n\r\n'],
      then: 'end',
      answers: 2,
    },
    {
      service,
      what: 'a smuggled request in a body',
      pieces: [get(good, 'content-length: 44') + head('GET /trpc/users.list HTTP/1.1', 'host: wiki')],
      expect: [200],
    },
  ];
}

/** Good requests with bytes changed, left out and put in at random. */
function flipped(random: Random): HostileRequest[] {
  const body = '{"slug":"flipped","title":"A page","body":"Some text"}';
  const originals = [
    get(`${good}?input=%7B%22limit%22%3A5%7D`),
    post(['connection: close', `content-length: ${body.length}`]) + body,
    chunked(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
    get(
      '/health',
      'accept: application/json',
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ),
  ].map((text) => Buffer.from(text));
  return Array.from({ length: 400 }, (_, n) => {
    let bytes = random.pick(originals);
    for (let change = random.below(4); change >= 0; change -= 1) {
      const at = random.below(bytes.length);
      const gone = random.below(3);
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        random.bytes(random.below(3)),
        bytes.subarray(at + gone),
      ]);
    }
    return { service, what: `random change ${n}`, pieces: [bytes], then: 'end' as const };
  });
}
