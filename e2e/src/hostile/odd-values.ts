import { words } from './wire.ts';

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const string = (value: string): string => JSON.stringify(value);

/**
 * JSON values that hardly any field accepts, as text, because JavaScript values cannot become `1e999` or a
 * lone surrogate.
 */
export const oddValues: readonly string[] = [
  '" "',
  ...words(String.raw`
    null true false [] {} [[]] [null] [{}] {"":""} "" 0 -1 -0 1.5 1e9 2147483648 9007199254740993 1e308 1e999 -1e999
    "\u0000" "a\u0000b" "\ud800" "a\udfff\ud800b" "\u202e\u0007\u001b[31m" "\uffff\ufffe" "\u200b\u200b" "\u202eeltit"
    {"__proto__":{"admin":true}} {"constructor":{"prototype":{"x":1}}} {"toString":1} {"length":1e9} {"then":1}
    "__proto__" "constructor" "NaN" "undefined" "%00" "%" "\\" "{{7*7}}" "../../etc/passwd" "<script>alert(1)</script>"
    "00000000-0000-0000-0000-000000000000" "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF" "{0190a5d0-ac96-774b-bcce-b302099a8057}"
  `),
  ...["'; DROP TABLE pages; --", '\r\nset-cookie: a=b', 'İı', '\u0300'.repeat(100), '👩‍👩‍👧‍👦'].map(string),
  ...['x'.repeat(300), 'x'.repeat(300_000), ' '.repeat(1000), '9'.repeat(1000)].map(string),
  `1${'0'.repeat(400)}`,
  deep(1000),
  `{"a":${deep(1000)}}`,
];

/** Invalid limits. */
export const oddLimits: readonly string[] = words(
  '0 -1 1e9 1.5 101 "20" null true [20] {} 1e999 -0 "NaN" NaN Infinity 0x10 ""',
);

const uuid = '0190a5d0-ac96-774b-bcce-b302099a8057';
const base64 = (text: string): string => Buffer.from(text).toString('base64url');

/**
 * Positions that no list ever has: numbers at the limits of PostgreSQL's types, and times at the limits of
 * its calendar.
 */
const places = [
  ...words(
    '0 -1 1.5 1e-300 5e-324 1e-45 1e6 1e15 8640000000000000 8700000000000000 253402300799999 9007199254740992',
  ),
  ...words(
    '"0000-01-01T00:00:00.000Z" "0001-01-01T00:00:00Z" "9999-12-31T23:59:59.999Z" "2026-02-29T00:00:00Z" "-000001-01-01T00:00:00Z"',
  ),
];

/** Cursors that no list returned, some of them plausible enough to reach the database. */
export const oddCursors: readonly string[] = [
  '',
  ' ',
  'ä',
  'A'.repeat(200),
  'A'.repeat(201),
  ...words('A - _ null 0 __proto__ constructor = A= %00'),
  ...['\0', '\ufffd', ...words('null 0 "" { [ " [] {} [[]] [null,null] [0] [0,0] "zebra" [1e999,"x"]')].map(
    base64,
  ),
  ...[
    `[0,"${uuid}",0]`,
    `"${uuid}"`,
    '"a\\u0000b"',
    '"\\ud800"',
    `[NaN,"${uuid}"]`,
    `{"__proto__":[0,"${uuid}"]}`,
  ].map(base64),
  ...places.flatMap((place) =>
    [
      `[${place},"${uuid}"]`,
      `[${place},"${uuid}","body"]`,
      `[${place},"x"]`,
      `["${uuid}",${place}]`,
      `${place}.${uuid}`,
    ].map(base64),
  ),
].map(string);
