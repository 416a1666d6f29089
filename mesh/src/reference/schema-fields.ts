/** A JSON Schema, draft 2020-12, as far as contracts use it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly 'x-refinements'?: readonly string[];
}

/** One property of an object, however deep. */
export interface SchemaField {
  /** Such as `title`, `items[].id`. */
  readonly name: string;
  /** Such as `string (uuid)`, `"open" | "closed"`, `array of string`. */
  readonly type: string;
  readonly required: boolean;
  /** Such as `1 to 200 characters`, `default 20`. */
  readonly bounds: string;
  /** Regular expression that a text matches; null for none, and for a text whose type says its format. */
  readonly pattern: string | null;
}

/**
 * The properties of a schema, as rows of a table: one list for each object that the schema may be. None for a schema that
 * is not an object.
 *
 * @example
 * for (const form of fieldsOf({ type: 'object', properties: { id: { type: 'string' } } })) console.log(form);
 */
export function fieldsOf(schema: Schema): readonly (readonly SchemaField[])[] {
  return formsOf(schema, schema).map((form) => rowsOf(form, { root: schema, prefix: '', open: [form] }));
}

/**
 * A type in words, as TypeScript would write it.
 *
 * @example
 * typeOf({ type: 'array', items: { type: 'string' } }); // 'array of string'
 */
export function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(typeOf))].join(' | ');
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) === '#' ? 'the same' : 'object';
  if (schema.type === 'array') return `array of ${typeOf(schemaOr(schema.items))}`;
  if (typeof schema.additionalProperties === 'object' && !schema.properties)
    return `object of ${typeOf(schema.additionalProperties)}`;
  const type = [schema.type ?? 'any'].flat().join(' | ');
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}

interface Place {
  readonly root: Schema;
  readonly prefix: string;
  /** The objects that this one is in, which a recursive schema would repeat. */
  readonly open: readonly Schema[];
}

function rowsOf({ properties = {}, required = [] }: Schema, place: Place): SchemaField[] {
  const rows = ([name, property]: readonly [string, Schema]) => {
    const own = {
      name: place.prefix + name,
      type: typeOf(property),
      required: required.includes(name) && property.default === undefined,
      ...boundsOf(property),
    };
    return [own, ...innerRows(name, property, place)];
  };
  return Object.entries(properties).flatMap(rows);
}

/** The rows of an object within a property, or in its list. */
function innerRows(name: string, property: Schema, { root, prefix, open }: Place): SchemaField[] {
  const [inner, suffix] = elementOf(property);
  const [form, ...others] = formsOf(inner, root);
  // More than one form is said by the type alone.
  if (!form || others.length > 0 || open.includes(form)) return [];
  return rowsOf(form, { root, prefix: `${prefix}${name}${suffix}.`, open: [...open, form] });
}

/** The objects that a value may be. */
function formsOf(schema: Schema, root: Schema): readonly Schema[] {
  if (schema.$ref !== undefined) {
    const target = definitionOf(schema.$ref, root);
    return target && target !== schema ? formsOf(target, root) : [];
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.flatMap((one) => formsOf(one, root));
  return schema.properties ? [schema] : [];
}

function definitionOf(reference: string, root: Schema): Schema | undefined {
  return reference === '#' ? root : root.$defs?.[reference.replace('#/$defs/', '')];
}

/** What is listed of a property: the elements of an array. */
function elementOf(property: Schema): readonly [schema: Schema, suffix: string] {
  if (property.type !== 'array') return [property, ''];
  const [inner, suffix] = elementOf(schemaOr(property.items));
  return [inner, `[]${suffix}`];
}

function schemaOr(schema: Schema | boolean | undefined): Schema {
  return typeof schema === 'object' ? schema : {};
}

function boundsOf(schema: Schema): Pick<SchemaField, 'bounds' | 'pattern'> {
  const own = schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;
  const bounds = [
    schema.description,
    span(own.minLength, own.maxLength, ' characters'),
    span(own.minItems, own.maxItems, ' items'),
    span(own.minimum, own.maximum, ''),
    own['x-refinements'] && 'checked further by the service',
    schema.default !== undefined && `default ${JSON.stringify(schema.default)}`,
  ];
  return {
    bounds: bounds.filter((text) => text !== undefined && text !== false).join(', '),
    pattern: own.format === undefined ? (own.pattern ?? null) : null,
  };
}

/** zod writes the bounds of safe integers where a contract has none. */
const unbounded = Number.MAX_SAFE_INTEGER;

function span(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  const low = least !== undefined && least > -unbounded ? least : undefined;
  const high = most !== undefined && most < unbounded ? most : undefined;
  if (low !== undefined && high !== undefined)
    return low === high ? `${low}${unit}` : `${low} to ${high}${unit}`;
  if (high !== undefined) return `at most ${high}${unit}`;
  return low !== undefined && low > 0 ? `at least ${low}${unit}` : undefined;
}
