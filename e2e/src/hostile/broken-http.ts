import { ending, get, goodTarget, head, post, refusal, words, type WireCase } from './wire.ts';

const versions = words('HTTP/0.9 HTTP/3.0 HTTP/1.2 HTTP/11 http/1.1 HTTP/1. HTTPS/1.1 HTTP/-1.1 HTTP/1.1x');
const noMethods = ['FOO', 'get', 'G E T', 'GET\0', 'ÄÖ', 'A'.repeat(5000), '', 'GET GET', '{}', 'POST\t'];
// Methods that Node knows, and that no procedure accepts.
const otherMethods = words('PUT DELETE PATCH TRACE OPTIONS PROPFIND QUERY PURGE M-SEARCH SUBSCRIBE');

const requestLines: readonly WireCase[] = [
  ...versions.map((version): WireCase => [
    version,
    head(`GET ${goodTarget} ${version}`, 'host: wiki'),
    ending,
  ]),
  ...noMethods.map((method): WireCase => {
    const what = `the method ${method.slice(0, 20)}`;
    return [what, head(`${method} ${goodTarget} HTTP/1.1`, 'host: wiki'), refusal];
  }),
  ...otherMethods.flatMap((method) =>
    words(`${goodTarget} /trpc/pages.create /health /nothing`).flatMap((target): WireCase[] => {
      const lines = [`${method} ${target} HTTP/1.1`, 'host: wiki', 'connection: close'];
      const withBody = head(...lines, 'content-type: application/json', 'content-length: 2') + '{}';
      return [
        [`${method} ${target}`, head(...lines), refusal],
        [`${method} ${target} with a body`, withBody, refusal],
      ];
    }),
  ),
  ...words(`${goodTarget} /trpc/nothing /trpc/% /health /nothing /trpc/pages.create`).map(
    (target): WireCase => [
      `HEAD ${target}`,
      head(`HEAD ${target} HTTP/1.1`, 'host: wiki', 'connection: close'),
    ],
  ),
  ['OPTIONS *', head('OPTIONS * HTTP/1.1', 'host: wiki', 'connection: close'), refusal],
  ['CONNECT to elsewhere', head('CONNECT 127.0.0.1:1 HTTP/1.1', 'host: 127.0.0.1:1'), ending],
  ['CONNECT with a path', head(`CONNECT ${goodTarget} HTTP/1.1`, 'host: wiki'), ending],
  ['no version', head(`GET ${goodTarget}`, 'host: wiki'), ending],
  ['no host', head(`GET ${goodTarget} HTTP/1.1`, 'connection: close'), refusal],
  ['two hosts', get(goodTarget, 'host: other')],
  ['HTTP/1.0', head(`GET ${goodTarget} HTTP/1.0`)],
  ['a line feed alone', `GET ${goodTarget} HTTP/1.1\nhost: wiki\n\n`, ending],
  ['no line end at all', 'GET', ending],
  ['nothing', '', ending],
  ['line ends only', '\r\n'.repeat(1000), ending],
];

const brokenHeaders: readonly string[] = [
  'no colon here',
  ': no name',
  'space in name: x',
  'space-before-colon : x',
  '(comment): x',
  'ümlaut: x',
  'nul: a\0b',
  'escape: \x1b[31m',
  'bell: \x07',
  'bare-cr: a\rb',
  'n\0ul: x',
];
const oddHosts = [
  'a b',
  'user:pass@wiki',
  '',
  'a'.repeat(5000),
  ...words('[::1 wiki:99999 % [] wi/ki ? xn-- ::'),
];

const headerLines: readonly WireCase[] = [
  ...brokenHeaders.map((line): WireCase => [
    `the header ${JSON.stringify(line)}`,
    get(goodTarget, line),
    ending,
  ]),
  ['a folded header', get(goodTarget, 'folded: a', ' b'), ending],
  ['a header of 20 KB', get(goodTarget, `long: ${'x'.repeat(20_000)}`), { expect: [431] }],
  ['a header name of 20 KB', get(goodTarget, `${'x'.repeat(20_000)}: y`), { expect: [431] }],
  ['headers of 64 KB', get(goodTarget, ...many(640, 'x'.repeat(95))), { expect: [431] }],
  ['900 headers', get(goodTarget, ...many(900, '1'))],
  ['latin-1 in a header', Buffer.from(get(goodTarget, 'latin: \xff\xfe\x80'), 'latin1')],
  ['headers named like properties', get(goodTarget, '__proto__: x', 'constructor: y', 'hasOwnProperty: 1')],
  ...oddHosts.map((host): WireCase => {
    const request = head(`GET ${goodTarget} HTTP/1.1`, `host: ${host}`, 'connection: close');
    return [`the host ${JSON.stringify(host.slice(0, 20))}`, request];
  }),
  ...['100-continue', '200-ok', 'nonsense', '', '100-continue, 100-continue'].map((expected): WireCase => {
    const request = post('connection: close', `expect: ${expected}`, 'content-length: 2');
    return [`expect: ${expected}`, `${request}{}`];
  }),
  ...['websocket', 'h2c', 'nonsense', 'HTTP/2.0, TLS/1.0', ''].flatMap((protocol) =>
    words(`${goodTarget} /trpc /trpc/ /health /`).map((target): WireCase => {
      const asked = ['connection: upgrade', `upgrade: ${protocol}`, 'http2-settings: AAMAAABkAAQAAP__'];
      const socket = ['sec-websocket-version: 13', 'sec-websocket-key: nonsense'];
      const request = head(`GET ${target} HTTP/1.1`, 'host: wiki', ...asked, ...socket);
      return [`upgrade of ${target} to ${protocol}`, request, ending];
    }),
  ),
  ...['close, keep-alive', 'nonsense', 'upgrade', '', 'transfer-encoding'].map((value): WireCase => [
    `connection: ${value}`,
    head(`GET ${goodTarget} HTTP/1.1`, 'host: wiki', `connection: ${value}`),
  ]),
];

function many(count: number, value: string): string[] {
  return Array.from({ length: count }, (_, n) => `h${n}: ${value}`);
}

const otherProtocols: readonly WireCase[] = [
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', refusal],
  ['a TLS hello', Buffer.from(`16030100a5010000a10303${'5a'.repeat(155)}`, 'hex'), refusal],
  ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n', refusal],
  ['SMTP', 'EHLO wiki\r\nMAIL FROM:<a@b>\r\n', refusal],
  ['a request to a database', Buffer.from('0000000804d2162f', 'hex'), refusal],
  ['Redis', '*1\r\n$4\r\nPING\r\n', refusal],
  ['a web socket’s frame', Buffer.from('818512345678', 'hex'), refusal],
];

/** Bytes that are not HTTP, or HTTP with broken first lines. */
export const brokenHttp: readonly WireCase[] = [...requestLines, ...headerLines, ...otherProtocols];
