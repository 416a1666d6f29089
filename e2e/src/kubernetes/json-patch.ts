import type { Json, JsonObject } from './object.ts';

/** An operation of RFC 6902, as far as the manifests use them. */
export type PatchOperation = Readonly<{ op: 'add' | 'remove' | 'replace'; path: string; value?: Json }>;

/**
 * Applies the operations to a copy.
 *
 * @throws Error for a path that does not exist, and for other operations.
 */
export function patched<Whole extends JsonObject>(
  whole: Whole,
  operations: readonly PatchOperation[],
): Whole {
  const copy = structuredClone(whole);
  for (const operation of operations) apply(copy, operation);
  return copy;
}

type Branch = Record<string, unknown> | unknown[];

function apply(whole: JsonObject, { op, path, value }: PatchOperation): void {
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let parent: unknown = whole;
  for (const key of keys) parent = (parent as Readonly<Record<string, unknown>> | undefined)?.[key];
  if (typeof parent !== 'object' || parent === null) throw new Error(`JSON patch: ${path} does not exist`);
  const branch = parent as Branch;
  if (op !== 'add' && !Object.hasOwn(branch, last)) throw new Error(`JSON patch: ${path} does not exist`);
  if (op !== 'remove' && value === undefined) throw new Error(`JSON patch: ${op} ${path} has no value`);
  const given = structuredClone(value);
  if (Array.isArray(branch)) {
    const index = last === '-' ? branch.length : Number(last);
    if (op === 'add') branch.splice(index, 0, given);
    else if (op === 'remove') branch.splice(index, 1);
    else branch[index] = given;
  } else if (op === 'remove') delete branch[last];
  else branch[last] = given;
}
