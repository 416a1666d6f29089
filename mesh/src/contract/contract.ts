import type { AnyProcedure, ProcedureKind } from './procedure.ts';
import { longestTimerMs } from '../wire/index.ts';

/** Procedures by name, in groups: `{ pages: { create: mutation(…) } }`. */
export interface ProcedureTree {
  readonly [name: string]: AnyProcedure | ProcedureTree;
}

/** Contract of a service: its name and procedures. */
export interface Contract<Name extends string, Procedures extends ProcedureTree> {
  readonly name: Name;
  readonly procedures: Procedures;
}

/** Any contract, for generic constraints. */
export type AnyContract = Contract<string, ProcedureTree>;

/** One procedure of a contract with its path, such as `pages.create`. */
export type ContractEntry = Readonly<{ path: string; procedure: AnyProcedure }>;

const namePattern = /^[a-z][a-zA-Z0-9]{0,63}$/;

/** Names with a meaning for promises or for tRPC's router. */
const reservedNames = new Set(['then', 'call', 'apply']);

const kinds: readonly unknown[] = ['query', 'mutation', 'subscription'] satisfies ProcedureKind[];

/**
 * Defines a contract, which the service and its clients import.
 *
 * @param name Name of the service, as in its token and logs.
 * @throws TypeError for a procedure with an invalid name, timeout, rate limit or example.
 *
 * @example
 * export const shopContract = contract('shop', {
 *   items: {
 *     get: query({
 *       summary: 'The price of an item',
 *       input: z.object({ id: z.string().max(20) }),
 *       output: z.object({ price: z.number() }),
 *       access: anyone,
 *     }),
 *   },
 * });
 */
export function contract<const Name extends string, const Procedures extends ProcedureTree>(
  name: Name,
  procedures: Procedures,
): Contract<Name, Procedures> {
  const made = { name, procedures };
  checkNames(name, procedures);
  for (const { path, procedure } of entriesOf(made)) {
    const { timeoutMs = 1, rateLimit = { calls: 1, perMs: 1000 } } = procedure;
    if (!(timeoutMs > 0 && timeoutMs <= longestTimerMs)) {
      throw new TypeError(`${name}.${path}: timeoutMs must be more than 0, and at most ${longestTimerMs}`);
    }
    if (
      ![rateLimit.calls, rateLimit.perMs / 1000].every((number) => Number.isInteger(number) && number > 0)
    ) {
      throw new TypeError(
        `${name}.${path}: rateLimit must be a whole number of calls in a whole number of seconds`,
      );
    }
    checkExamples(`${name}.${path}`, procedure);
  }
  return made;
}

/** Rejects reserved names; `then`, for example, would make its group a promise. */
function checkNames(of: string, tree: ProcedureTree): void {
  for (const [key, node] of Object.entries(tree)) {
    if (!namePattern.test(key) || reservedNames.has(key) || key in Object.prototype) {
      throw new TypeError(`${of}: "${key}" cannot be the name of a procedure`);
    }
    if (!isProcedure(node)) checkNames(`${of}.${key}`, node);
  }
}

function checkExamples(of: string, { input, examples = [] }: AnyProcedure): void {
  for (const [index, example] of examples.entries()) {
    const { error } = input.safeParse(example);
    if (!error) continue;
    const problems = error.issues.map(({ path, message }) => [path.join('.'), message].join(' ').trim());
    throw new TypeError(`${of}: example ${index + 1} does not fit the input: ${problems.join('; ')}`);
  }
}

/**
 * All procedures of a contract with their paths, in order.
 *
 * @example
 * for (const { path, procedure } of entriesOf(shopContract)) console.log(path, procedure.kind);
 */
export function entriesOf(from: AnyContract): readonly ContractEntry[] {
  const walk = (tree: ProcedureTree, prefix: string): ContractEntry[] =>
    Object.entries(tree).flatMap(([key, node]) =>
      isProcedure(node) ? [{ path: prefix + key, procedure: node }] : walk(node, `${prefix}${key}.`),
    );
  return walk(from.procedures, '');
}

/**
 * Whether a node is a procedure, not a group.
 *
 * @example
 * const { get } = shopContract.procedures.items;
 * if (isProcedure(get)) console.log(get.summary);
 */
export function isProcedure(node: AnyProcedure | ProcedureTree): node is AnyProcedure {
  return kinds.includes(node['kind']);
}

/** Union of the paths of a tree's procedures. */
export type PathOf<Tree> = {
  [Key in keyof Tree & string]: Tree[Key] extends AnyProcedure ? Key : `${Key}.${PathOf<Tree[Key]>}`;
}[keyof Tree & string];

/** The procedure at a path of a tree. */
export type ProcedureAt<Tree, Path extends string> = Path extends `${infer Head}.${infer Rest}`
  ? Head extends keyof Tree
    ? ProcedureAt<Tree[Head], Rest>
    : never
  : Path extends keyof Tree
    ? Tree[Path]
    : never;
