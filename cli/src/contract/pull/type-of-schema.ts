import type { JsonSchema } from '@arcadium/mesh/contract';

type Node = Readonly<Record<string, unknown>>;

/** How a schema is read: what is sent, or what is answered. */
export type Side = 'input' | 'output';

/**
 * Writes the TypeScript type of the values that a schema accepts. What types cannot say (bounds, patterns) is left out;
 * a keyword that is not known makes the value `unknown`.
 *
 * @param name Of the type; its definitions are named after it.
 * @returns Declarations, the last of which is the type itself.
 */
export function typeOfSchema(name: string, schema: JsonSchema, side: Side): string {
  const { $defs = {} } = schema as { $defs?: Record<string, Node> };
  const names = new Map(Object.keys($defs).map((key) => [key, `${name}${pascal(key)}`]));
  const write = (value: unknown): string => writeType(value, { name, names, side });
  const own = Object.entries($defs).map(([key, part]) => `type ${names.get(key)} = ${write(part)};`);
  return [...own, `export type ${name} = ${write(schema)};`].join('\n');
}

interface Scope {
  readonly name: string;
  readonly names: ReadonlyMap<string, string>;
  readonly side: Side;
}

function writeType(value: unknown, scope: Scope): string {
  if (value === false) return 'never';
  if (typeof value !== 'object' || value === null) return 'unknown';
  const node = value as Node;
  const write = (part: unknown): string => writeType(part, scope);
  if (typeof node['$ref'] === 'string') return nameOf(node['$ref'], scope);
  if ('const' in node) return JSON.stringify(node['const']);
  if (Array.isArray(node['enum'])) return union(node['enum'].map((one) => JSON.stringify(one)));
  const members = node['anyOf'] ?? node['oneOf'];
  if (Array.isArray(members)) return union(members.map(write));
  if (Array.isArray(node['allOf']) && node['type'] === undefined) return node['allOf'].map(write).join(' & ');
  const { type } = node;
  if (Array.isArray(type)) return union(type.map((one) => write({ ...node, type: one as unknown })));
  switch (type) {
    case 'string':
      return textType(node);
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
    case 'null':
      return type;
    case 'array':
      return arrayType(node, write);
    case 'object':
      return objectType(node, write, scope.side);
    default:
      return 'unknown';
  }
}

function nameOf(reference: string, { name, names }: Scope): string {
  if (reference === '#') return name;
  return names.get(decodeURIComponent(reference.replace(/^#\/\$defs\//, ''))) ?? 'unknown';
}

/** The type of `openEnum` keeps its known values. */
function textType(node: Node): string {
  const { examples } = node;
  if (node['x-open'] !== true || !Array.isArray(examples)) return 'string';
  return union([...examples.map((one) => JSON.stringify(one)), '(string & Record<never, never>)']);
}

function arrayType({ prefixItems, items }: Node, write: (part: unknown) => string): string {
  if (Array.isArray(prefixItems)) {
    const rest = items === undefined || items === false ? [] : [`...(${write(items)})[]`];
    return `[${[...prefixItems.map(write), ...rest].join(', ')}]`;
  }
  return `(${items === undefined ? 'unknown' : write(items)})[]`;
}

function objectType(node: Node, write: (part: unknown) => string, side: Side): string {
  const { properties = {}, required = [], additionalProperties, 'x-optional': optional = [] } = node;
  const must = new Set(required as string[]);
  // In an answer, the schema of the client may leave out what has a default.
  if (side === 'output') for (const name of optional as string[]) must.delete(name);
  const fields = Object.entries(properties as Node).map(
    ([key, part]) =>
      `${JSON.stringify(key)}${must.has(key) ? '' : '?'}: ${write(part)}${must.has(key) ? '' : ' | undefined'};`,
  );
  if (typeof additionalProperties !== 'object' || additionalProperties === null)
    return fields.length > 0 ? `{ ${fields.join(' ')} }` : 'Record<string, never>';
  const record = `Record<string, ${write(additionalProperties)}>`;
  return fields.length > 0 ? `{ ${fields.join(' ')} } & ${record}` : record;
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ') || 'never';
}

/** `pages.get` and `page-id` as parts of a type's name. */
export function pascal(text: string): string {
  return text
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
