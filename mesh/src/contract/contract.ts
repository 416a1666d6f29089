import type { AnyProcedure, ProcedureKind } from './procedure.ts';

/** Procedures by name, in groups: `{ pages: { create: mutation(…) } }`. */
export interface ProcedureTree {
  readonly [name: string]: AnyProcedure | ProcedureTree;
}

/** What one service promises: its name, and its procedures. */
export interface Contract<Name extends string, Procedures extends ProcedureTree> {
  readonly name: Name;
  readonly procedures: Procedures;
}

/** Any contract, for generic constraints. */
export type AnyContract = Contract<string, ProcedureTree>;

/** One procedure of a contract, with its path, as `pages.create`. */
export type ContractEntry = Readonly<{ path: string; procedure: AnyProcedure }>;

const namePattern = /^[a-z][a-zA-Z0-9]{0,63}$/;

/** The longest that a timer can wait, in milliseconds; one set for longer fires at once. */
const longestTimeoutMs = 2 ** 31 - 1;

/** Names that mean something to a promise or to tRPC's router. */
const reservedNames = new Set(['then', 'call', 'apply']);

const kinds: readonly unknown[] = ['query', 'mutation', 'subscription'] satisfies ProcedureKind[];

/**
 * Defines a contract: what a service offers, and to whom. Both sides import it.
 *
 * @param name The service's name, as it stands in its token and its logs.
 * @throws TypeError naming the procedure whose name cannot be one, or whose time-out or limit is no positive number.
 */
export function contract<const Name extends string, const Procedures extends ProcedureTree>(
  name: Name,
  procedures: Procedures,
): Contract<Name, Procedures> {
  const made = { name, procedures };
  checkNames(name, procedures);
  for (const { path, procedure } of entriesOf(made)) {
    const { timeoutMs = 1, rateLimit = { calls: 1, perMs: 1000 } } = procedure;
    if (!(timeoutMs > 0 && timeoutMs <= longestTimeoutMs)) {
      throw new TypeError(`${name}.${path}: timeoutMs must be more than 0, and at most ${longestTimeoutMs}`);
    }
    if (
      ![rateLimit.calls, rateLimit.perMs / 1000].every((number) => Number.isInteger(number) && number > 0)
    ) {
      throw new TypeError(
        `${name}.${path}: rateLimit must be a whole number of calls in a whole number of seconds`,
      );
    }
  }
  return made;
}

/** Refuses names that mean something already; one called `then`, say, would make its group a promise. */
function checkNames(of: string, tree: ProcedureTree): void {
  for (const [key, node] of Object.entries(tree)) {
    if (!namePattern.test(key) || reservedNames.has(key) || key in Object.prototype) {
      throw new TypeError(`${of}: "${key}" cannot be the name of a procedure`);
    }
    if (!isProcedure(node)) checkNames(`${of}.${key}`, node);
  }
}

/** Every procedure of a contract with its path, in the order of the contract. */
export function entriesOf(from: AnyContract): readonly ContractEntry[] {
  const walk = (tree: ProcedureTree, prefix: string): ContractEntry[] =>
    Object.entries(tree).flatMap(([key, node]) =>
      isProcedure(node) ? [{ path: prefix + key, procedure: node }] : walk(node, `${prefix}${key}.`),
    );
  return walk(from.procedures, '');
}

/** Tells a procedure from a group of them. */
export function isProcedure(node: AnyProcedure | ProcedureTree): node is AnyProcedure {
  return kinds.includes(node['kind']);
}

/** The paths of a tree's procedures as a union of strings. */
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
