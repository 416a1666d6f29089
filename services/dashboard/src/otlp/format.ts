import { parseBoundedJson } from '@arcadium/mesh/server';
import { MeshError } from '@arcadium/mesh/contract';
import protobuf from 'protobufjs/minimal.js';
import { objectOf, type Fields } from './fields.ts';
import { decodeMessage } from './protobuf.ts';
import type { MessageName } from './schema.ts';

/** Most objects, arrays and members of a JSON body; 4 MiB of spans have about 220,000. */
const mostJsonParts = 300_000;

/** The part of a request that is refused, as an answer says it. */
export interface PartialSuccess {
  /** Name of the count in OTLP/JSON. */
  readonly count: 'rejectedSpans' | 'rejectedLogRecords';
  readonly rejected: number;
  readonly reason: string;
}

/** One of the two encodings of OTLP/HTTP. An answer has that of its request. */
export interface Format {
  readonly contentType: string;
  /** @throws MeshError BAD_REQUEST, PAYLOAD_TOO_LARGE */
  decode(body: Buffer, message: MessageName): Fields;
  /** An `Export…ServiceResponse`. @param partial What is refused; nothing if undefined. */
  accepted(partial: PartialSuccess | undefined): Uint8Array | string;
  /** A `google.rpc.Status`. @param code gRPC's number. */
  refused(code: number, message: string): Uint8Array | string;
}

const protobufFormat: Format = {
  contentType: 'application/x-protobuf',
  decode: decodeMessage,
  accepted(partial) {
    const writer = protobuf.Writer.create();
    if (!partial) return writer.finish();
    const { rejected, reason } = partial;
    return writer.uint32(10).fork().uint32(8).int64(rejected).uint32(18).string(reason).ldelim().finish();
  },
  refused: (code, message) =>
    protobuf.Writer.create().uint32(8).int32(code).uint32(18).string(message).finish(),
};

export const jsonFormat: Format = {
  contentType: 'application/json',
  decode(body) {
    try {
      return objectOf(parseBoundedJson(body.toString(), mostJsonParts), 'The body');
    } catch (error) {
      if (error instanceof MeshError) throw error;
      throw new MeshError('BAD_REQUEST', 'The body is not JSON', { cause: error });
    }
  },
  accepted: (partial) =>
    JSON.stringify(
      partial
        ? { partialSuccess: { [partial.count]: String(partial.rejected), errorMessage: partial.reason } }
        : {},
    ),
  refused: (code, message) => JSON.stringify({ code, message }),
};

/** The format of a content type; `undefined` for any other. */
export function formatOf(contentType: string | undefined): Format | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return [protobufFormat, jsonFormat].find((format) => format.contentType === type);
}
