import { z } from 'zod';
import { setDescription } from './contract-hash.ts';
import { contract, type AnyContract, type ProcedureTree } from './contract.ts';
import type { ContractSnapshot, ProcedureDescription } from './description.ts';
import { error, type ErrorDefinitions } from './error.ts';
import { mutation, query, subscription, type AnyProcedure } from './procedure.ts';
import { schemaFrom } from './schema/from-json-schema.ts';

/**
 * Makes a contract of a snapshot, for a client in another repository than the service. Its schemas check what JSON Schema
 * can say; refinements and transforms are left to the service, and outputs may have properties that are not known.
 *
 * @param snapshot What a service answers at `/api/contract`. `mesh contract pull` writes it with its type.
 * @throws TypeError for a name that no procedure can have; Error for a schema that zod cannot read.
 *
 * @example
 * const pulled = contractFromSnapshot<typeof shopContract>(deployed);
 * const client = connect(pulled, { url: 'http://shop:3000', as: 'anyone' });
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the type is written with the snapshot
export function contractFromSnapshot<Typed extends AnyContract>(snapshot: ContractSnapshot): Typed {
  const tree: Record<string, unknown> = {};
  for (const procedure of snapshot.procedures)
    insert(tree, procedure.path.split('.'), procedureOf(procedure));
  const made = contract(snapshot.name, tree as ProcedureTree);
  setDescription(made, snapshot);
  return made as Typed;
}

function procedureOf(described: ProcedureDescription): AnyProcedure {
  const { kind, summary, idempotent, priority, hedge, timeoutMs, rateLimit, access } = described;
  const { inputOptional } = described;
  const input = described.input && schemaFrom(described.input, 'input');
  const options = {
    summary,
    ...(input && { input: inputOptional ? input.optional() : input }),
    output: described.output ? schemaFrom(described.output, 'output') : z.void(),
    access: { alternatives: access.alternatives },
    errors: errorsOf(described),
    priority,
    ...(timeoutMs !== null && { timeoutMs }),
    ...(rateLimit && { rateLimit }),
  };
  if (kind === 'mutation') return mutation({ ...options, idempotent });
  return kind === 'query' ? query({ ...options, hedge }) : subscription(options);
}

function errorsOf({ errors }: ProcedureDescription): ErrorDefinitions {
  return Object.fromEntries(
    errors.map(({ name, code, message, data }) => [
      name,
      error(code as ErrorDefinitions[string]['code'], message ?? name, schemaFrom(data, 'output')),
    ]),
  );
}

function insert(tree: Record<string, unknown>, [head = '', ...rest]: string[], leaf: AnyProcedure): void {
  if (rest.length === 0) tree[head] = leaf;
  else insert((tree[head] ??= {}) as Record<string, unknown>, rest, leaf);
}
