import type { Comparison } from './comparison.ts';
import { isNode, nodeAt, textsAt, without, type Node } from './node.ts';

/** An object schema as its readers and writers use it. */
export interface ObjectReading {
  readonly isRecord: boolean;
  /** Declared properties, and required keys of records. */
  readonly names: ReadonlySet<string>;
  /** What a writer always sends. */
  readonly sends: ReadonlySet<string>;
  /** What a reader cannot do without. */
  readonly needs: ReadonlySet<string>;
  /** What a reader does with properties that are not declared. */
  readonly unknown: 'refused' | 'ignored' | 'kept';
}

export function readsObject(node: Node, direction: Comparison['direction']): ObjectReading {
  const sends = textsAt(node, 'required');
  return {
    isRecord: 'propertyNames' in node,
    names: new Set([...Object.keys(nodeAt(node, 'properties')), ...sends]),
    sends,
    needs: new Set(without(sends, textsAt(node, 'x-optional'))),
    unknown: unknownOf(node, direction),
  };
}

/** In answers, JSON Schema says that nothing else is sent; whether a reader would refuse it is a mark. */
function unknownOf(node: Node, direction: Comparison['direction']): ObjectReading['unknown'] {
  if (isNode(node['additionalProperties'])) return 'kept';
  const refused = direction === 'input' ? node['additionalProperties'] === false : node['x-strict'] === true;
  return refused ? 'refused' : 'ignored';
}
