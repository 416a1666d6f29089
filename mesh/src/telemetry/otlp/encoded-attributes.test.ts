import { expect, test } from 'vitest';
import { Fields } from '../../testing/protobuf.ts';
import { EncodedAttributes } from './encoded-attributes.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

const attributes = new EncodedAttributes(9);

function written(name: string, value: string | number | boolean) {
  const writer = new ProtobufWriter();
  attributes.write(writer, name, value);
  const pair = new Fields(writer.take()).message(9);
  const read = pair?.message(2);
  return [pair?.text(1), read?.text(1), read?.number(2), read?.number(3)];
}

test('an attribute is the same whether it is kept or not, and values of other types are others', () => {
  for (let round = 0; round < 2; round += 1) {
    expect(written('a', '1')).toEqual(['a', '1', undefined, undefined]);
    expect(written('a', 1)).toEqual(['a', undefined, undefined, 1n]);
    expect(written('a', true)).toEqual(['a', undefined, 1n, undefined]);
    expect(written('b', '1')).toEqual(['b', '1', undefined, undefined]);
  }
  expect(attributes.size).toBe(4);
});

test('at most 64 values of a name and 256 names are kept, and no long text', () => {
  for (let n = 0; n < 100; n += 1) expect(written('id', n)).toEqual(['id', undefined, undefined, BigInt(n)]);
  expect(attributes.size).toBe(4 + 64);
  expect(written('b', 'x'.repeat(129))[1]).toHaveLength(129);
  expect(attributes.size).toBe(4 + 64);
  for (let n = 0; n < 300; n += 1) expect(written(`name ${n}`, n)[0]).toBe(`name ${n}`);
  expect(attributes.size).toBe(4 + 64 + 253);
});
