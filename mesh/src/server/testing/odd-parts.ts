// The parts of requests: each is used in each place where it fits, and in random combinations.

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** The procedures of the sample. */
export const procedures = [
  ['status', 'echo', 'store', 'clear', 'items.get', 'items.add', 'items.parts.first', 'stock.take'],
  ['big', 'unicode', 'slow', 'watch'],
  ...['bug', 'text', 'nothing', 'trpc', 'mesh', 'known', 'cruel', 'lie', 'hang'].map(
    (name) => `faults.${name}`,
  ),
  ...['bigint', 'circle', 'promise', 'events', 'pages'].map((name) => `faults.${name}`),
].flat();

/** Targets after `/trpc/`. */
export const paths = [
  ...procedures,
  ['', '.', '..', '/', '%', '%2', '%zz', '%00', '%2e', '%2F', '%ff', '%c3%a9', '\xe9', '\xff', '~', ','],
  ['%73tatus', 'st%61tus', 'status%', 'status%20', 'status%00', 'items%2Eget', 'items%2eget'],
  ['items%2fget', 'status/', '/status', './status', 'x/../status', 'items/get', 'items\\get'],
  ['items..get', 'items.get.', '.items.get', 'items', 'items.parts', 'items.parts.first.', 'STATUS'],
  ['Status', 'status;a=b', 'status,', ',status', 'status,status', 'status,echo', 'status%2Cecho'],
  ['status:', 'status\t', 'status\x7f', '*', '__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  ['valueOf', 'items.__proto__', 'items.constructor', 'constructor.prototype', '__proto__.toString'],
  ['_def', '_def.procedures', 'createCaller', 'then', 'apply', 'length', 'name', 'prototype'],
  ['undefined', 'null', '0', '-1', 'x'.repeat(5000)],
].flat();

/** Inputs, in the URL or as a body: valid and invalid JSON. */
export const inputs = [
  ['null', 'true', '0', '-0', '1', '""', '"x"', '[]', '{}', '[null]', '{"id":1}', '{"id":100}'],
  ['{"id":101}', '{"id":0}', '{"id":-1}', '{"id":1.5}', '{"id":"1"}', '{"id":null}', '{"id":[1]}'],
  ['{"id":1,"id":2}', '{"id":1,"note":"ä€😀"}', '{"id":1,"note":"\\ud800"}', '{"id":1,"extra":true}'],
  ['{"name":"pen"}', '{"name":"longer than it may be"}', '{"name":"pen","extra":1}'],
  ['{"lastEventId":"3"}', '{"json":{"id":1}}', '1e400', '-1e400', '1e-400'],
  ['123456789012345678901234567890', '9007199254740993', '0.1e1', '{"id":1e2}'],
  ['{"__proto__":{"id":1}}', '{"__proto__":null}', '{"constructor":{"prototype":{"id":1}}}'],
  ['{"toString":1}', '{"then":1}', '{"toJSON":1}', '{"__proto__":{"toJSON":1},"a":[1]}'],
  ['{"0":{"id":1}}', '{"length":3}', ' {"id":1} ', '\t\n{"id":1}\r\n', '{"id":\u00a01}', '"\u2028"'],
  ['"\u007f"', '"\\u0000"', '{"é":"ü"}', ' ', '\n', '{', '}', '[', '{"id":', '{"id":1', '{"id":1}}'],
  ['{"id":1}x', '{id:1}', "{'id':1}", '[1,]', '{"id":1,}', 'undefined', 'NaN', 'Infinity', 'nul', '01'],
  ['+1', '.5', '0x10', '1_000', '"', '"\n"', '"\\x"', '// no', '/* no */ 1', '<xml/>', 'id=1', 'ä'],
  ['\ufeff', '\ufeff{"id":1}', '\ufeff\ufeff{"id":1}', '\ufeff\ufeff\ufeff{"id":1}', '{"id":1}\ufeff'],
  ['\u0000', '{"id":1}\u0000', deep(50), deep(5000), '['.repeat(5000)],
  [`{"a":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`, `"${'x'.repeat(6000)}"`],
].flat();

/** Bodies of invalid UTF-8, or nearly. */
export const bodies: readonly Buffer[] = [
  ['ff', '22ff22', '22c322', '22e28222', '22f09f9822', '22f09f988022', '22eda08022', '22c0af22'],
  ['22f88880808022', '228080bf22', 'efbb', 'efbbbf', 'fffe3100', 'feff0031', '1f8b0800'],
]
  .flat()
  .map((bytes) => Buffer.from(bytes, 'hex'));

/** Queries, besides `?input=` with each input. */
export const queries = [
  ['', '?', '?input', '?input=', '?input=%20', '?input=null', '?input={"id":1}', '?input=%7B%22id%22%3A1%7D'],
  ['?input=%7b%22id%22%3a1%7d', '?input={"id":1}&', '?&input={"id":1}', '?input={"id":1}&input={"id":2}'],
  ['?input=&input={"id":1}', '?input={"id":1}&a=b', '?a=b&input={"id":1}', '?a=b', '?Input={"id":1}'],
  ['?%69nput={"id":1}', '?input%5B%5D=1', '?input[]=1', '??input={"id":1}', '?input=={"id":1}', '?=input'],
  [
    '?input=%',
    '?input=%2',
    '?input=%zz',
    '?input="%ff"',
    '?input="%c3"',
    '?input="%c3%a9"',
    '?input="%C3%A9"',
  ],
  ['?input="%ed%a0%80"', '?input="\xe9"', '?input="\xc3\xa9"', '?input="\xff"', '?input="+"', '?input="%2B"'],
  ['?input="%20"', '?input={"id":+1}', '?input=%EF%BB%BF1', '?input=%EF%BB%BF%EF%BB%BF1', '?input="%00"'],
  ['?input="%26"', '?input="&"', '?input="#"', '?input="%23"', '#', '#?input={"id":1}', '?input={"id":1}#x'],
  [
    '?input="?"',
    '?input="/"',
    '?input="\\\\"',
    '?input="\x7f"',
    '?input="\t"',
    '?input="\f"',
    '?input=1;batch=1',
  ],
  [
    '?input="a=b"',
    '?input="%3D"',
    '?input="%0A"',
    '?input="%25"',
    '?input="%2525"',
    '?input="\'"',
    '?input="<>`|^"',
  ],
  ['?batch=1', '?batch=0', '?batch=', '?batch', '?batch=1&input={}', '?batch=1&input={"0":{"id":1}}'],
  ['?input={"0":{"id":1}}&batch=1', '?b%61tch=1&input={"0":{"id":1}}', '?batch=%31&input={"0":{"id":1}}'],
  ['?batch=2&input={"id":1}', '?batch=1&batch=0&input={"0":{"id":1}}', '?batch=0&batch=1&input={"id":1}'],
  [
    '?batch=1&input={"1":{"id":1}}',
    '?batch=1&input=[]',
    '?batch=1&input=null',
    '?batch=1&input=x',
    '?batch=true',
  ],
  ['?batch=1&input={"__proto__":{"id":1}}', '?BATCH=1&input={"id":1}', '?batch=1&input={"0":null}'],
  ['?connectionParams=', '?connectionParams=null', '?connectionParams={}', '?connectionParams={"a":"b"}'],
  ['?connectionParams={"a":1}', '?connectionParams=x', '?connectionParams=[]', '?connectionP%61rams=x'],
  [
    '?input={"id":1}&connectionParams=x',
    '?lastEventId=1',
    '?Last-Event-Id=1',
    '?input={"id":1}&lastEventId=7',
  ],
  ['?trpc-accept=application/jsonl', '?__proto__=1', '?constructor=1', '?_method=DELETE', '?method=POST'],
  ['?access_token=x', `?input="${'x'.repeat(4000)}"`, `?${'a=b&'.repeat(500)}`],
].flat();

export const contentTypes: readonly (string | undefined)[] = [
  [undefined, '', 'application/json', 'application/json;', 'application/json; charset=utf-8'],
  ['application/json;charset=UTF-8', 'application/json; charset=latin1'],
  ['application/json; charset=utf-16', 'application/json ;a=b', 'application/json\t; a=b'],
  ['APPLICATION/JSON', 'Application/Json; Charset=utf-8', 'application/json, application/json'],
  ['application/json, text/plain', 'application/json,', 'application/jsonx'],
  ['text/plain, application/json', 'application/json text/plain', 'application/jsonl'],
  ['application/ld+json', 'application/problem+json', 'text/json', 'text/plain', 'text/html', 'json'],
  ['application', '/', ';', '*/*', 'application/x-www-form-urlencoded', 'multipart/form-data'],
  ['multipart/form-data; boundary=x', '\xff', 'multipart/form-data; boundary='],
  ['application/octet-stream', 'APPLICATION/OCTET-STREAM; a=b', 'x'.repeat(3000)],
].flat();

const each = (name: string, values: readonly string[]) => values.map((value) => ({ [name]: value }));

/** Headers that may change an answer. */
export const headers: readonly Readonly<Record<string, string>>[] = [
  ...each('trpc-accept', ['application/jsonl', 'application/json', '', 'x', 'APPLICATION/JSONL']),
  ...each('accept', ['application/jsonl', 'text/html, application/jsonl', 'application/jsonl;q=1']),
  ...each('accept', ['application/jsonlx', '*/*', '']),
  ...each('accept', ['text/event-stream', 'Application/Jsonl', 'x'.repeat(3000)]),
  ...each('connection', ['close', 'keep-alive', 'Close', 'upgrade', 'x, close', 'te', '']),
  // Long enough for each call to finish in time.
  ...each('x-timeout-ms', ['0', '5000', '60000', '', '-1', '1.5', 'x', '99999999999', '5, 5']),
  ...each('x-request-id', ['abc-1', '', 'a b', '"', '\xff', 'x'.repeat(128), 'x'.repeat(129), 'a:b.c_d']),
  ...each('authorization', ['Bearer', 'Bearer ', 'Bearer x', 'bearer a.b.c', 'Basic Og==']),
  ...each('authorization', ['Service-Token', 'Service-Token x', '']),
  ...each('x-user-token', ['x', '']),
  ...each('traceparent', ['', '00', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, 'x'.repeat(3000)]),
  ...each('host', ['a', '', 'a:1', '[::1]:80', 'a b', 'user@a', 'user:word@a', 'a/b', 'a?b']),
  ...each('host', ['a#b', 'a:x', '\xff', '[', '%']),
  ...each('content-encoding', ['gzip', 'identity', 'x']),
  ...each('accept-encoding', ['gzip', 'br;q=1', '*']),
  ...each('expect', ['100-continue', '100-Continue', 'x', '']),
  ...each('x-http-method-override', ['PUT', 'GET', 'DELETE']),
  ...each('last-event-id', ['7', '']),
  { upgrade: 'websocket', connection: 'upgrade' },
  { upgrade: 'h2c', connection: 'upgrade, http2-settings', 'http2-settings': 'AAMAAABkAAQAAP__' },
  { origin: 'https://other.example' },
  { cookie: 'a=b; c="\xff"' },
  { range: 'bytes=0-1' },
  { 'if-none-match': '*' },
  { te: 'trailers' },
  { trailer: 'x' },
  { 'transfer-encoding': 'identity' },
  { __proto__x: '1', constructor: '1', 'to-string': '1' },
  { 'x-forwarded-proto': 'https', forwarded: 'proto=https', ':scheme': 'https' },
  { 'content-type': 'application/json', 'content-length': '0' },
];

export const methods = [
  ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND', 'PURGE', 'QUERY'],
  ['get', 'post', 'Get', 'BREW', 'M-SEARCH'],
].flat();
