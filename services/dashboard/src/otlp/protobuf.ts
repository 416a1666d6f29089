import { MeshError } from '@arcadium/mesh/contract';
import protobuf from 'protobufjs/minimal.js';
import { schema, type MessageName } from './schema.ts';

/** Most fields in a request; a request of 4 MiB with 10,000 spans has about 400,000. */
export const mostFields = 500_000;
/** Deepest nesting of messages; a span's attribute is at level 6. */
const mostLevels = 32;
/** Most bytes of a string that are decoded; what is kept is shorter. */
const mostStringBytes = 16_384;

type Scalar = keyof typeof readers;
interface Field {
  readonly name: string;
  readonly wireType: number;
  readonly list: boolean;
  readonly read: ((reader: protobuf.Reader) => unknown) | undefined;
  readonly message: MessageName;
}

/** Reads the value of a scalar; the field's key has been read. Ids become hexadecimal digits, as in OTLP/JSON. */
const readers = {
  string: (reader: protobuf.Reader) => clippedBytes(reader).toString(),
  id: (reader: protobuf.Reader) => clippedBytes(reader).toString('hex'),
  bytes: (reader: protobuf.Reader) => clippedBytes(reader).toString('base64'),
  bool: (reader: protobuf.Reader) => reader.bool(),
  int: (reader: protobuf.Reader) => reader.int32(),
  int64: (reader: protobuf.Reader) => signed(reader.int64()).toString(),
  double: (reader: protobuf.Reader) => reader.double(),
  /** As a number, exact to 256 ns for times of today. */
  fixed64: (reader: protobuf.Reader) => reader.fixed32() + reader.fixed32() * 2 ** 32,
};
const wireTypes: Record<Scalar, number> = {
  string: 2,
  id: 2,
  bytes: 2,
  bool: 0,
  int: 0,
  int64: 0,
  double: 1,
  fixed64: 1,
};

const fieldsOf = new Map(
  Object.entries(schema).map(([message, fields]) => [
    message,
    new Map(Object.entries(fields).map(([number, [name, type]]) => [Number(number), compile(name, type)])),
  ]),
);

function compile(name: string, type: string): Field {
  const of = type.replace('[]', '');
  const scalar = Object.hasOwn(readers, of) ? (of as Scalar) : undefined;
  return {
    name,
    wireType: scalar ? wireTypes[scalar] : 2,
    list: type.endsWith('[]'),
    read: scalar && readers[scalar],
    message: of as MessageName,
  };
}

/**
 * Decodes a message into the form of OTLP/JSON. It counts fields while it reads, because a body of 4 MiB may hold two
 * million empty messages.
 *
 * @throws MeshError BAD_REQUEST for bytes that are not such a message, or nested too deeply; PAYLOAD_TOO_LARGE for more
 * than 500,000 fields.
 */
export function decodeMessage(body: Buffer, message: MessageName): Record<string, unknown> {
  const decoding = new Decoding(body);
  try {
    return decoding.read(message, body.length, 1);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    throw malformed(decoding.position, error);
  }
}

class Decoding {
  readonly #reader: protobuf.Reader;
  #fields = 0;

  constructor(body: Buffer) {
    this.#reader = protobuf.Reader.create(body);
  }

  get position(): number {
    return this.#reader.pos;
  }

  read(message: MessageName, end: number, level: number): Record<string, unknown> {
    if (level > mostLevels)
      throw new MeshError('BAD_REQUEST', `The messages are nested more than ${mostLevels} levels deep`);
    const reader = this.#reader;
    const fields = fieldsOf.get(message);
    const result: Record<string, unknown> = {};
    while (reader.pos < end) {
      this.#count();
      const tag = reader.tag();
      const field = fields?.get(tag >>> 3);
      if (field?.wireType !== (tag & 7)) {
        this.#skip(tag);
        continue;
      }
      const value = field.read
        ? field.read(reader)
        : this.read(field.message, this.#endOfNext(end), level + 1);
      if (field.list) ((result[field.name] ??= []) as unknown[]).push(value);
      else result[field.name] = value;
    }
    if (reader.pos !== end) throw malformed(reader.pos);
    return result;
  }

  #count(): void {
    this.#fields += 1;
    if (this.#fields > mostFields)
      throw new MeshError('PAYLOAD_TOO_LARGE', `More than ${mostFields} fields: send smaller batches`);
  }

  #endOfNext(end: number): number {
    const length = this.#reader.uint32();
    const next = this.#reader.pos + length;
    if (next > end) throw malformed(this.#reader.pos);
    return next;
  }

  /** Groups (wire types 3 and 4) are refused: OTLP has none, and they nest. */
  #skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 3 || wireType === 4 || tag >>> 3 === 0) throw malformed(this.#reader.pos);
    this.#reader.skipType(wireType);
  }
}

/** A view of a length-delimited value, without what is too long to keep. */
function clippedBytes(reader: protobuf.Reader): Buffer {
  const bytes = reader.bytes() as Buffer;
  return bytes.length > mostStringBytes ? bytes.subarray(0, mostStringBytes) : bytes;
}

function signed({ low, high }: { low: number; high: number }): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

function malformed(position: number, cause?: unknown): MeshError {
  return new MeshError('BAD_REQUEST', `Not a protobuf message of OTLP, at byte ${position}`, { cause });
}
