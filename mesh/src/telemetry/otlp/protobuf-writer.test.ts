import { expect, test } from 'vitest';
import { Fields } from '../../testing/protobuf.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

test.each([0, 1, 127, 128, 16_383, 16_384, 3_000_000])('a message of %i bytes has its length', (size) => {
  const writer = new ProtobufWriter();
  const text = 'a'.repeat(size);
  const outer = writer.open(1);
  const inner = writer.open(16);
  writer.text(1, text);
  writer.close(inner);
  writer.close(outer);
  writer.integer(2, 7);
  const fields = new Fields(writer.take());
  expect(fields.message(1)?.message(16)?.text(1) === text).toBe(true);
  expect(fields.number(2)).toBe(7n);
  expect(writer.length).toBe(0);
});

test.each([0, 1, 127, 128, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, -1, Number.MIN_SAFE_INTEGER])(
  'the integer %d is written exactly',
  (value) => {
    const writer = new ProtobufWriter();
    writer.integer(1, value);
    expect(BigInt.asIntN(64, new Fields(writer.take()).number(1) ?? 0n)).toBe(BigInt(value));
  },
);

test('hexadecimal digits are written as bytes', () => {
  const writer = new ProtobufWriter();
  const digits = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex');
  writer.hex(1, digits);
  writer.hex(2, 'ABCDEF09');
  const fields = new Fields(writer.take());
  expect(fields.hex(1)).toBe(digits);
  expect(fields.hex(2)).toBe('abcdef09');
});

test('times keep their microseconds, also next to where a half of 64 bits overflows', () => {
  const overflowUs = 2 ** 32 * 400_000;
  for (const us of [0, 1_769_860_800_123_456, overflowUs - 1, overflowUs, overflowUs + 1]) {
    const writer = new ProtobufWriter();
    writer.time(1, us / 1000);
    expect(new Fields(writer.take()).number(1)).toBe(BigInt(us) * 1000n);
  }
});

test('texts are UTF-8, however long; what is no text becomes U+FFFD', () => {
  const writer = new ProtobufWriter();
  const text = 'größe 한글 🧭'.repeat(20_000);
  writer.text(1, text);
  writer.text(2, '\uD800');
  const fields = new Fields(writer.take());
  expect(fields.text(1) === text).toBe(true);
  expect(fields.text(2)).toBe('\uFFFD');
});
