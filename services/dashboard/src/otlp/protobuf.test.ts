import { randomBytes } from 'node:crypto';
import protobuf from 'protobufjs/minimal.js';
import { expect, test } from 'vitest';
import { decodeMessage, mostFields } from './protobuf.ts';
import { readLines } from './read-lines.ts';
import { readSpans } from './read-spans.ts';

const refusal = (code: string) => expect.objectContaining({ name: 'MeshError', code }) as Error;
const traces = (body: Uint8Array) => readSpans(decodeMessage(Buffer.from(body), 'ExportTraceServiceRequest'));

/** A message with one field, number 1 to 15, of bytes. */
const within = (field: number, bytes: Uint8Array) =>
  protobuf.Writer.create()
    .uint32(field * 8 + 2)
    .bytes(bytes)
    .finish();
/** Repeats an empty field so often. */
const emptyFields = (field: number, count: number) =>
  Buffer.alloc(count * 2, Uint8Array.of(field * 8 + 2, 0));
const spanWith = (span: Uint8Array) => within(1, within(2, within(2, span)));

test('unknown fields of every type are skipped, also within messages', () => {
  const unknown = protobuf.Writer.create();
  unknown.uint32(100 * 8).uint64(2 ** 40);
  unknown.uint32(101 * 8 + 1).double(1);
  unknown.uint32(102 * 8 + 2).string('x');
  unknown.uint32(103 * 8 + 5).fixed32(1);
  // A known field of an unexpected type.
  unknown.uint32(5 * 8).uint32(1);
  expect(traces(spanWith(unknown.finish()))).toMatchObject({ items: [], rejected: 1 });
});

test('bytes that are no request are refused as such, and never anything else happens', () => {
  const seen = new Set<string>();
  for (let round = 0; round < 3000; round += 1) {
    const noise = randomBytes(round % 200);
    // Noise at each level of a request.
    for (const body of [noise, within(1, noise), spanWith(noise), spanWith(within(9, noise))]) {
      try {
        traces(body);
        readLines(decodeMessage(Buffer.from(body), 'ExportLogsServiceRequest'), 0);
        seen.add('accepted');
      } catch (error) {
        expect(error).toEqual(refusal('BAD_REQUEST'));
        seen.add('refused');
      }
    }
  }
  expect(seen).toEqual(new Set(['accepted', 'refused']));
});

test('a message that is cut short, or longer than the one around it, is refused', () => {
  const whole = spanWith(within(5, Buffer.from('a name')));
  for (let length = 1; length < whole.length; length += 1)
    expect(() => traces(whole.subarray(0, length)), `${length}`).toThrow(refusal('BAD_REQUEST'));
  const tooLong = Buffer.from(whole);
  tooLong[3] = 255;
  expect(() => traces(tooLong)).toThrow(refusal('BAD_REQUEST'));
  // Groups would nest.
  expect(() => traces(Buffer.alloc(1000, 0x0b))).toThrow(refusal('BAD_REQUEST'));
});

test('deep values are refused; those less deep are shown up to eight levels', () => {
  const nested = (levels: number) => {
    let value = within(1, Buffer.from('x'));
    for (let level = 0; level < levels; level += 1) value = within(5, within(1, value));
    return spanWith(within(9, within(2, value)));
  };
  expect(() => traces(nested(1000))).toThrow(refusal('BAD_REQUEST'));
  expect(traces(nested(10)).rejected).toBe(1);
});

test('two million empty messages are refused before they are made', () => {
  const many = emptyFields(2, mostFields + 1);
  const before = process.memoryUsage().heapUsed;
  expect(() => traces(within(1, within(2, many)))).toThrow(refusal('PAYLOAD_TOO_LARGE'));
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(150 * 2 ** 20);
  expect(traces(within(1, within(2, emptyFields(2, 20_000)))).rejected).toBe(20_000);
});
