import type { Attributes, Resource } from '../domain/telemetry.ts';
import { clip, listIn, objectOf, stringIn, type Fields } from './fields.ts';

/** Most attributes of a span or fields of a log line that are kept; the process adds two. */
export const mostAttributes = 126;
/** Longest name and value that are kept, in characters. */
const longestName = 128;
export const longestValue = 1000;
/** Deepest lists and maps within a value that are shown. */
const mostLevels = 8;

/** Names and texts of a list of `KeyValue`. @throws MeshError BAD_REQUEST for anything else. */
export function attributesIn(fields: Fields, most = mostAttributes): Attributes {
  const names: string[] = [];
  const values: string[] = [];
  for (const item of listIn(fields, 'attributes')) {
    if (names.length === most) break;
    const attribute = objectOf(item, 'attributes');
    names.push(clip(stringIn(attribute, 'key'), longestName));
    values.push(textOf(attribute['value'], longestValue));
  }
  return { names, values };
}

/** An `AnyValue` as text; lists and maps as JSON. @throws MeshError BAD_REQUEST for anything else. */
export function textOf(value: unknown, longest: number): string {
  const plain = plainOf(value, 1);
  return clip(typeof plain === 'object' ? JSON.stringify(plain) : String(plain), longest);
}

type Plain = string | number | boolean | object;

const readers: Record<string, (fields: Fields, level: number) => Plain> = {
  stringValue: (fields) => stringIn(fields, 'stringValue'),
  bytesValue: (fields) => stringIn(fields, 'bytesValue'),
  boolValue: ({ boolValue }) => boolValue === true,
  doubleValue: (fields) => doubleIn(fields),
  intValue: ({ intValue }) => (Number.isSafeInteger(Number(intValue)) ? Number(intValue) : String(intValue)),
  arrayValue: ({ arrayValue }, level) =>
    listIn(objectOf(arrayValue, 'arrayValue'), 'values').map((item) => plainOf(item, level + 1)),
  kvlistValue: ({ kvlistValue }, level) =>
    Object.fromEntries(
      listIn(objectOf(kvlistValue, 'kvlistValue'), 'values').map((item) => {
        const entry = objectOf(item, 'values');
        return [stringIn(entry, 'key'), plainOf(entry['value'], level + 1)];
      }),
    ),
};

function plainOf(value: unknown, level: number): Plain {
  if (level > mostLevels) return '…';
  const fields = objectOf(value, 'value');
  for (const kind of Object.keys(fields)) {
    const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
    if (read) return read(fields, level);
  }
  return '';
}

/** JSON has no number for `NaN` and `Infinity`: OTLP/JSON writes them as strings. */
function doubleIn({ doubleValue }: Fields): Plain {
  return typeof doubleValue === 'number' ? doubleValue : clip(String(doubleValue), longestName);
}

/** The process that a `Resource` describes, without further attributes. */
export function resourceIn(fields: Fields): Resource {
  const { names, values } = attributesIn(objectOf(fields['resource'], 'resource'));
  const value = (name: string) => values[names.indexOf(name)] || null;
  return {
    service: clip(value('service.name') ?? 'unknown', longestName),
    version: value('service.version'),
    instance: value('service.instance.id'),
  };
}
