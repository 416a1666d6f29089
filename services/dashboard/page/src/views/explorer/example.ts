/** A JSON Schema, draft 2020-12, as far as contracts use it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** Examples of text formats. */
const formats: Readonly<Record<string, string>> = {
  uuid: '019a0000-0000-7000-8000-000000000000',
  email: 'ann@example.com',
  'date-time': '2026-01-31T12:00:00.000Z',
  uri: 'https://example.com/',
};

/** An input to begin with: what the schema requires, with its defaults. */
export function exampleOf(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (choice) return exampleOf(choice);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name))
          .map(([name, property]) => [name, exampleOf(property)]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => exampleOf(schema.items ?? {}));
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 0);
    case 'boolean':
      return false;
    case 'string':
      return formats[schema.format ?? ''] ?? 'x'.repeat(schema.minLength ?? 0);
    default:
      return null;
  }
}

/** One property of an input, for the table beside the form. */
export interface Field {
  readonly name: string;
  /** Such as `string (uuid)`, `"open" | "closed"`, `array of string`. */
  readonly type: string;
  readonly required: boolean;
  /** Such as `1 to 200 characters`, `default 20`. */
  readonly bounds: string;
}

/** The properties of a schema; of the first alternative, if it is a choice. */
export function fieldsOf(schema: Schema): Field[] {
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (!schema.properties) return choice ? fieldsOf(choice) : [];
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    type: typeOf(property),
    required: schema.required?.includes(name) === true && property.default === undefined,
    bounds: boundsOf(property),
  }));
}

/** A type in words, as TypeScript would write it. */
export function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(typeOf))].join(' | ');
  if (schema.type === 'array') return `array of ${typeOf(schema.items ?? {})}`;
  const type = [schema.type ?? 'any'].flat().join(' | ');
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}

function boundsOf(schema: Schema): string {
  return [
    span(schema.minLength, schema.maxLength, ' characters'),
    span(schema.minItems, schema.maxItems, ' items'),
    span(schema.minimum, schema.maximum, ''),
    schema.default !== undefined && `default ${JSON.stringify(schema.default)}`,
  ]
    .filter((text) => text !== undefined && text !== false)
    .join(', ');
}

/** zod writes the bounds of safe integers where a contract has none. */
const unbounded = Number.MAX_SAFE_INTEGER;

function span(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  const low = least !== undefined && least > -unbounded ? least : undefined;
  const high = most !== undefined && most < unbounded ? most : undefined;
  if (low !== undefined && high !== undefined) return `${low} to ${high}${unit}`;
  if (high !== undefined) return `at most ${high}${unit}`;
  return low !== undefined && low > 0 ? `at least ${low}${unit}` : undefined;
}
