import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { expect, test } from 'vitest';
import {
  errorCodes,
  formatRetryAfter,
  formatTimeout,
  formatTraceparent,
  isErrorCode,
  parseRetryAfter,
  parseTraceContext,
  sampledTraceId,
  startTrace,
} from './index.ts';

test('every error code is one of tRPC’s', () => {
  expect(Object.keys(TRPC_ERROR_CODES_BY_KEY)).toEqual(expect.arrayContaining(Object.keys(errorCodes)));
  expect([isErrorCode('CONFLICT'), isErrorCode('toString'), isErrorCode(409)]).toEqual([true, false, false]);
});

test('the time left is written in whole milliseconds, never negative', () => {
  expect([formatTimeout(12.9), formatTimeout(-5)]).toEqual(['12', '0']);
});

test('only a sampled trace has an id for exemplars', () => {
  const trace = startTrace(true);
  const text = formatTraceparent(trace);
  expect(sampledTraceId(text)).toBe(trace.traceId);
  expect(sampledTraceId(text.replace(/01$/, '03'))).toBe(trace.traceId);
  for (const other of ['', text.replace(/01$/, '00'), text.replace(/01$/, '02'), 'x'.repeat(54) + '1'])
    expect(sampledTraceId(other)).toBeUndefined();
});

test('a trace survives the wire', () => {
  const trace = { ...startTrace(true), tracestate: 'vendor=1' };
  expect(parseTraceContext(formatTraceparent(trace), 'vendor=1')).toEqual(trace);
});

const id = 'a'.repeat(32);
const span = 'b'.repeat(16);
test.each([
  ['nothing', undefined],
  ['an unknown form', 'xx'],
  ['no trace id', `00-${'0'.repeat(32)}-${span}-01`],
  ['no span id', `00-${id}-${'0'.repeat(16)}-01`],
  ['version ff', `ff-${id}-${span}-01`],
  ['more than version 00 has', `00-${id}-${span}-01-x`],
  ['upper case', `00-${id.toUpperCase()}-${span}-01`],
])('%s is no trace', (_what, traceparent) => {
  expect(parseTraceContext(traceparent, undefined)).toBeUndefined();
});

test('a later version is read as far as it is known, and a long state is dropped', () => {
  expect(parseTraceContext(`01-${id}-${span}-00-more`, 'x'.repeat(513))).toEqual({
    traceId: id,
    spanId: span,
    sampled: false,
    tracestate: undefined,
  });
});

test.each([
  ['0', 0],
  ['120', 120_000],
  ['99999', 3_600_000],
  ['Sun, 22 Nov 2026 12:00:05 GMT', 5000],
  ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
  ['soon', undefined],
  ['-1', undefined],
  [undefined, undefined],
])('retry-after %s is %s ms', (text, expected) => {
  expect(parseRetryAfter(text, Date.parse('2026-11-22T12:00:00Z'))).toBe(expected);
});

test('retry-after is written in whole seconds, rounded up', () => {
  expect([formatRetryAfter(1), formatRetryAfter(1000), formatRetryAfter(-5)]).toEqual(['1', '1', '0']);
});
