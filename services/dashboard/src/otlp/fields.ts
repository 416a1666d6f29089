import { MeshError } from '@arcadium/mesh/contract';

/** An object of OTLP/JSON, or of protobuf decoded into that form. Fields may be missing, as in proto3. */
export type Fields = Readonly<Record<string, unknown>>;

const none: Fields = {};

/** @throws MeshError BAD_REQUEST for a value that is not an object. */
export function objectOf(value: unknown, name: string): Fields {
  if (value === undefined || value === null) return none;
  if (typeof value !== 'object' || Array.isArray(value)) throw mustBe(name, 'an object');
  return value as Fields;
}

/** @throws MeshError BAD_REQUEST for a value that is not an array. */
export function listIn(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value)) throw mustBe(name, 'an array');
  return value;
}

/** @throws MeshError BAD_REQUEST for a value that is not a string. */
export function stringIn(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw mustBe(name, 'a string');
  return value;
}

/**
 * A number; OTLP/JSON writes 64 bits as a string, and enums as numbers.
 *
 * @throws MeshError BAD_REQUEST for anything else.
 */
export function numberIn(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) throw mustBe(name, 'a number');
  return number;
}

/** Lower-case hexadecimal digits; null for none and for an id that W3C's trace context calls invalid. */
export function idIn(fields: Fields, name: string, digits: 16 | 32): string | null {
  const id = stringIn(fields, name).toLowerCase();
  return id.length === digits && /^[\da-f]+$/.test(id) && /[^0]/.test(id) ? id : null;
}

/** At most so many characters. The result is a copy: a slice would keep the whole text in memory. */
export function clip(text: string, longest: number): string {
  return text.length <= longest ? text : Buffer.from(`${text.slice(0, longest - 1)}…`).toString();
}

function mustBe(name: string, what: string): MeshError {
  return new MeshError('BAD_REQUEST', `"${name}" must be ${what}`);
}
