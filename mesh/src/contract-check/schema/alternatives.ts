import { isNode, listAt, nodeAt, resolve, type Node } from './node.ts';

/** What a member of a union is, as far as members of two versions are matched by it. */
export type Kind = 'text' | 'number' | 'array' | 'object' | 'anything' | 'opaque' | 'unknown';

/** A schema as a list of alternatives. */
export interface Alternatives {
  /** Keywords beside the alternatives, such as `default`. */
  readonly outer: Node;
  readonly nullable: boolean;
  /** Values of enums and constants, and of booleans, as JSON. */
  readonly values: ReadonlySet<string>;
  /** All others, each of one type. */
  readonly members: readonly Node[];
}

/** Takes a schema apart: unions, lists of types, enums and null. */
export function alternativesOf(schema: Node, root: Node): Alternatives {
  const outer: Record<string, unknown> = {};
  const values = new Set<string>();
  const members: Node[] = [];
  let nullable = false;
  const addValue = (value: unknown) => {
    if (value === null) nullable = true;
    else values.add(JSON.stringify(value));
  };
  const keep = (node: Node, ...but: string[]) => {
    for (const [key, value] of Object.entries(node)) if (!but.includes(key)) outer[key] ??= value;
  };
  const add = (node: Node) => {
    const { type } = node;
    if (Array.isArray(node['anyOf']) || Array.isArray(node['oneOf'])) {
      keep(node, 'anyOf', 'oneOf', '$defs');
      for (const member of [...listAt(node, 'anyOf'), ...listAt(node, 'oneOf')])
        add(resolve(isNode(member) ? member : {}, root));
    } else if (Array.isArray(type)) {
      for (const one of type) add({ ...node, type: String(one) });
    } else if ('enum' in node) {
      keep(node, 'enum', 'type', '$defs');
      listAt(node, 'enum').forEach(addValue);
    } else if ('const' in node) {
      keep(node, 'const', 'type', '$defs');
      addValue(node['const']);
    } else if (type === 'null') {
      keep(node, 'type', '$defs');
      nullable = true;
    } else if (type === 'boolean') {
      keep(node, 'type', '$defs');
      [true, false].forEach(addValue);
    } else if (!isNever(node)) {
      members.push(node);
    }
  };
  add(resolve(schema, root));
  return { outer, nullable, values, members };
}

/** `not: {}`, which no value matches. */
function isNever(node: Node): boolean {
  return isNode(node['not']) && Object.keys(nodeAt(node, 'not')).length === 0;
}

/** Annotations, which do not restrict a value. */
const unrestricting = ['default', 'title', 'description', 'examples', 'deprecated', 'readOnly', '$defs'];

export function kindOf(member: Node): Kind {
  if ('x-opaque' in member) return 'opaque';
  switch (member['type']) {
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return 'array';
    case 'object':
      return 'object';
    default:
      return Object.keys(member).every((key) => unrestricting.includes(key) || key.startsWith('x-'))
        ? 'anything'
        : 'unknown';
  }
}
