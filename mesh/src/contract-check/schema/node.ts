import { canonical } from '../../contract/core.ts';

/** A JSON Schema, or one of its parts. */
export type Node = Readonly<Record<string, unknown>>;

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a keyword; empty if there is none. */
export function nodeAt(node: Node, keyword: string): Node {
  const value = node[keyword];
  return isNode(value) ? value : {};
}

/** The list at a keyword; empty if there is none. */
export function listAt(node: Node, keyword: string): readonly unknown[] {
  const value = node[keyword];
  return Array.isArray(value) ? value : [];
}

/** The texts at a keyword. */
export function textsAt(node: Node, keyword: string): ReadonlySet<string> {
  return new Set(listAt(node, keyword).map(String));
}

/** Whether two values are the same JSON, whatever the order of keys. */
export function same(one: unknown, other: unknown): boolean {
  return one === other || canonical(one) === canonical(other);
}

/** The members of one set that are not in another. */
export function without<Item>(from: Iterable<Item>, others: ReadonlySet<Item>): Item[] {
  return [...from].filter((item) => !others.has(item));
}

/** Most references that lead to one another. */
const mostHops = 64;

/**
 * The schema that a `$ref` means, with keywords beside it.
 *
 * @throws TypeError for one that leads nowhere.
 */
export function resolve(node: Node, root: Node): Node {
  let found = node;
  for (let hop = 0; typeof found['$ref'] === 'string'; hop += 1) {
    const { $ref: reference, ...beside } = found as Node & { $ref: string };
    const target = targetOf(reference, root);
    if (!target || hop === mostHops)
      throw new TypeError(`The schema has a reference to nothing: ${reference}`);
    found = Object.keys(beside).length === 0 ? target : { ...target, ...beside };
  }
  return found;
}

function targetOf(reference: string, root: Node): Node | undefined {
  if (!reference.startsWith('#')) return undefined;
  let found: unknown = root;
  for (const step of reference.slice(1).split('/').slice(1)) {
    if (!isNode(found) && !Array.isArray(found)) return undefined;
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    found = (found as Record<string, unknown>)[key];
  }
  return isNode(found) ? found : undefined;
}
