import { writeAttribute } from './attribute.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** Field of the spans in `ScopeSpans`, and of the log records in `ScopeLogs`. */
export const itemField = 2;

/** The `Resource` of a process. @param attributes Such as `service.name`. */
export function resourceOf(attributes: Readonly<Record<string, string>>): Buffer {
  const writer = new ProtobufWriter();
  for (const attribute of Object.entries(attributes)) writeAttribute(writer, 1, attribute);
  return writer.take();
}

const scope = scopeOf('@arcadium/mesh');

function scopeOf(name: string): Buffer {
  const writer = new ProtobufWriter();
  writer.text(1, name);
  return writer.take();
}

/**
 * An `ExportTraceServiceRequest` or `ExportLogsServiceRequest`, whose fields have the same numbers.
 *
 * @param items Written with `itemField`.
 */
export function requestBody(resource: Uint8Array, items: Uint8Array): Buffer {
  const writer = new ProtobufWriter();
  const ofResource = writer.open(1);
  writer.bytes(1, resource);
  const ofScope = writer.open(2);
  writer.bytes(1, scope);
  writer.append(items);
  writer.close(ofScope);
  writer.close(ofResource);
  return writer.take();
}
