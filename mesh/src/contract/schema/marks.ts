import type { z } from 'zod';
import { fingerprint } from './fingerprint.ts';

/** `input`: before a schema changes a value; `output`: after. */
export type Direction = 'input' | 'output';

/** What JSON Schema cannot express of a zod schema. Absent where there is nothing to say. */
export type Marks = Readonly<{
  /** Fingerprints of the functions that must accept the value: `refine`, `superRefine`, `check`. */
  'x-refinements'?: readonly string[];
  /** Fingerprints of the functions that change the value, and of what is checked after them. */
  'x-transforms'?: readonly string[];
  /** Values of other types are converted: `z.coerce`. */
  'x-coerce'?: true;
  /** Values that do not match are replaced: `catch()`. */
  'x-catch'?: true;
  /** Flags of regular expressions, as `<pattern>/<flags>`. */
  'x-flags'?: readonly string[];
  /** Reading an object with unknown properties fails: `z.strictObject`. Only in outputs: in inputs, JSON Schema says so. */
  'x-strict'?: true;
  /** Properties that are always sent, but may be missing when read, because there is a default. Only in outputs. */
  'x-optional'?: readonly string[];
  /** Exactly one member must match: `z.xor`. */
  'x-exclusive'?: true;
}>;

type Schema = z.core.$ZodTypes;

/** The marks of one schema, without those of its parts. */
export function marksOf(schema: Schema, direction: Direction): Marks {
  const { def } = schema._zod;
  const checks = (def.checks ?? []).map((check) => check._zod.def as CheckDefinition);
  const own = 'check' in def ? [def as CheckDefinition, ...checks] : checks;
  const refinements = own.filter(isRefinement).map(fingerprint);
  const transforms = [
    ...own.filter(({ check }) => check === 'overwrite').map(fingerprint),
    ...transformsOf(def, direction),
  ];
  const flags = own.flatMap(({ pattern }) => (pattern?.flags ? [`${pattern.source}/${pattern.flags}`] : []));
  return {
    ...(refinements.length > 0 && { 'x-refinements': refinements }),
    ...(transforms.length > 0 && { 'x-transforms': transforms }),
    ...(flags.length > 0 && { 'x-flags': flags }),
    ...('coerce' in def && def.coerce && { 'x-coerce': true }),
    ...(def.type === 'catch' && { 'x-catch': true }),
    ...(isExclusive(def) && { 'x-exclusive': true }),
    ...(def.type === 'object' && direction === 'output' && objectMarks(def)),
  };
}

function isExclusive(def: object): boolean {
  return 'inclusive' in def && def.inclusive === false && !('discriminator' in def);
}

type CheckDefinition = Readonly<{
  check: string;
  pattern?: RegExp;
  /** Of URLs. */
  hostname?: RegExp;
  protocol?: RegExp;
  /** Of JWTs. */
  alg?: string;
}>;

/** Checks that become keywords of JSON Schema. */
const expressed = new Set([
  'greater_than',
  'less_than',
  'multiple_of',
  'number_format',
  'min_length',
  'max_length',
  'length_equals',
]);

function isRefinement({ check, pattern, hostname, protocol, alg }: CheckDefinition): boolean {
  if (check === 'overwrite' || expressed.has(check)) return false;
  if (check === 'string_format') return !pattern || Boolean(hostname ?? protocol ?? alg);
  return true;
}

function transformsOf(def: Schema['_zod']['def'], direction: Direction): string[] {
  if (def.type === 'transform') return [fingerprint(def.transform)];
  if (def.type !== 'pipe') return [];
  // The side that the JSON Schema does not show; functions of a codec.
  const { transform, reverseTransform } = def as { transform?: unknown; reverseTransform?: unknown };
  const functions = [transform, reverseTransform].filter((one) => one !== undefined);
  return [...functions, direction === 'input' ? def.out : def.in].map(fingerprint);
}

function objectMarks({ shape, catchall }: z.core.$ZodObjectDef): Marks {
  const optional = Object.entries(shape).filter(
    ([, { _zod }]) => _zod.optin !== undefined && _zod.optout === undefined,
  );
  return {
    ...(catchall?._zod.def.type === 'never' && { 'x-strict': true }),
    ...(optional.length > 0 && { 'x-optional': optional.map(([name]) => name) }),
  };
}
