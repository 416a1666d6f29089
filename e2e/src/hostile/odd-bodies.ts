import { gzipSync } from 'node:zlib';
import type { OddCall } from './http-call.ts';
import { words } from './wire.ts';

const short = [
  '',
  ' ',
  '// x\n{}',
  '{"a":"\n"}',
  '\0',
  '--x\r\n\r\n--x--',
  '\ufeff{}',
  '9'.repeat(10_000),
  `-${'0'.repeat(10_000)}`,
  ...words(String.raw`
    null 0 "x" [] { } {}{} {}, [1,] {'a':1} {a:1} {"a":1,} undefined {"a":1,"a":2} {"slug":"a","slug":1} {"__proto__":1}
    {"slug":{"__proto__":1}} {"a":01} {"a":+1} {"a":.5} {"a":0x1} {"a":"\x41"} {"a":"\u12"} slug=a&title=b <xml/>
    {"json":{"slug":"a"}} {"0":{"slug":"a"}} "\ud800" 1e999999999
  `),
];

const types = [
  '',
  ';',
  '/',
  '\xff',
  'application/json, text/plain',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
  'multipart/form-data; boundary=',
  ...words('text/plain text/html application/xml application/x-www-form-urlencoded application/jsonp json'),
  ...words(
    'multipart/form-data application/octet-stream APPLICATION/JSON;x application/json;charset=nonsense',
  ),
];

const multipart = '--x\r\ncontent-disposition: form-data; name="slug"\r\n\r\na\r\n--x--';
const keys = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [n, n]));

/** Bodies that are not valid inputs or may not be read, with various content types. */
export const oddBodies: readonly OddCall[] = [
  ...short.map((body) => creating(`the body ${JSON.stringify(body.slice(0, 30))}`, body)),
  creating('100,000 brackets', '['.repeat(100_000)),
  creating('100,000 arrays', '['.repeat(100_000) + ']'.repeat(100_000)),
  creating('100,000 objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
  creating('50,000 keys', JSON.stringify(keys)),
  creating('an array of 300,000', `[${'1,'.repeat(300_000)}1]`),
  creating('a string of 1 MB', `{"slug":"${'x'.repeat(1_000_000)}"}`),
  creating('invalid UTF-8', Buffer.from('7b22736c7567223a22ffc080eda080227d', 'hex')),
  creating('UTF-16', Buffer.from('{"slug":"a"}', 'utf16le')),
  ...['gzip', 'br', 'deflate', 'gzip, gzip', 'nonsense', 'identity'].map((coding) =>
    creating(`the coding ${coding}`, gzipSync('{"slug":"a","title":"b","body":"c"}'), {
      'content-encoding': coding,
    }),
  ),
  creating('16 MiB in 16 KB', gzipSync(Buffer.alloc(2 ** 24)), { 'content-encoding': 'gzip' }),
  ...types.flatMap((type): OddCall[] => [
    creating(`the type ${type}`, '{}', { 'content-type': type }),
    creating(`the type ${type} on a multipart`, multipart, { 'content-type': type }),
    { target: 'pages.list', what: `the type ${type} on GET`, headers: { 'content-type': type } },
  ]),
  { ...creating('a query by POST', '{"slug":7}'), target: 'pages.get' },
  { ...creating('an input that does not fit, by POST', '{"limit":0}'), target: 'pages.list' },
];

function creating(what: string, body: string | Buffer, headers: Record<string, string> = {}): OddCall {
  return { method: 'POST', target: 'pages.create', what, body, headers, expect: 'refusal' };
}
