import type { ProtobufWriter } from './protobuf-writer.ts';

/** A value of JSON. */
export type Value = string | number | boolean | null | readonly Value[] | Readonly<{ [name: string]: Value }>;

/** Most attributes of a log record, and most links of a span: the default of OpenTelemetry. */
export const countLimit = 128;

/** Longest text of a value, in characters. */
const longestText = 4096;

/** Deepest lists and maps within a value; what is deeper is left out. */
const mostLevels = 16;

/** Writes a `KeyValue`. */
export function writeAttribute(
  to: ProtobufWriter,
  field: number,
  [name, value]: readonly [string, Value],
): void {
  const begin = to.open(field);
  to.text(1, name);
  writeValue(to, 2, value);
  to.close(begin);
}

/** Writes an `AnyValue`. */
export function writeValue(to: ProtobufWriter, field: number, value: Value, level = 1): void {
  const begin = to.open(field);
  if (typeof value === 'string') to.text(1, value.length > longestText ? value.slice(0, longestText) : value);
  else if (typeof value === 'boolean') to.integer(2, Number(value));
  else if (Number.isSafeInteger(value)) to.integer(3, value as number);
  else if (typeof value === 'number') to.double(4, value);
  else if (value !== null && level < mostLevels) writeParts(to, value, level + 1);
  to.close(begin);
}

function writeParts(
  to: ProtobufWriter,
  value: Exclude<Value, string | number | boolean | null>,
  level: number,
) {
  if (isList(value)) {
    const begin = to.open(5);
    for (const item of value) writeValue(to, 1, item, level);
    return to.close(begin);
  }
  const begin = to.open(6);
  for (const [name, part] of Object.entries(value)) {
    const pair = to.open(1);
    to.text(1, name);
    writeValue(to, 2, part, level);
    to.close(pair);
  }
  to.close(begin);
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value);
}
