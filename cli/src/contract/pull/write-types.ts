import type { ContractSnapshot, ProcedureDescription } from '@arcadium/mesh/contract';
import { pascal, typeOfSchema } from './type-of-schema.ts';

/** The name of the type and, with a small letter, of the contract in what is written, such as `WikiContract`. */
export function typeName({ name }: ContractSnapshot): string {
  return `${pascal(name)}Contract`;
}

/** Writes the type of a contract: declarations of inputs, outputs and errors, and the contract's own. */
export function writeTypes(snapshot: ContractSnapshot): string {
  const declarations = snapshot.procedures.flatMap((one) => {
    const name = pascal(one.path);
    const output = one.output ? [typeOfSchema(`${name}Output`, one.output, 'output')] : [];
    const input = one.input ? [typeOfSchema(`${name}Input`, one.input, 'input')] : [];
    const errors = one.errors.map((error) =>
      typeOfSchema(`${name}${pascal(error.name.toLowerCase())}`, error.data, 'output'),
    );
    return [...input, ...output, ...errors];
  });
  const name = JSON.stringify(snapshot.name);
  return `import type { Contract, ErrorDefinition, Procedure } from '@arcadium/mesh/contract';
import type { z } from 'zod';

${declarations.join('\n')}

export type ${typeName(snapshot)} = Contract<${name}, ${tree(snapshot.procedures)}>;
`;
}

type Branch = Map<string, Branch | ProcedureDescription>;

function tree(procedures: readonly ProcedureDescription[]): string {
  const root: Branch = new Map();
  for (const procedure of procedures) {
    const steps = procedure.path.split('.');
    const last = steps.pop() ?? '';
    let branch = root;
    for (const step of steps) {
      const next = branch.get(step);
      const inner: Branch = next instanceof Map ? next : new Map();
      branch.set(step, inner);
      branch = inner;
    }
    branch.set(last, procedure);
  }
  return writeBranch(root);
}

function writeBranch(branch: Branch): string {
  const lines = [...branch].map(
    ([key, node]) =>
      `${JSON.stringify(key)}: ${node instanceof Map ? writeBranch(node) : writeProcedure(node)};`,
  );
  return `{ ${lines.join('\n')} }`;
}

function writeProcedure(procedure: ProcedureDescription): string {
  const { path, kind, summary, input, inputOptional, output, access, errors } = procedure;
  const name = pascal(path);
  const sent = input ? `${name}Input${inputOptional ? ' | undefined' : ''}` : undefined;
  const types = [
    JSON.stringify(kind),
    sent ? `z.ZodType<${sent}, ${sent}>` : 'z.ZodVoid',
    output ? `z.ZodType<${name}Output, ${name}Output>` : 'z.ZodVoid',
    callers(access.alternatives),
    errors.length === 0
      ? 'Record<never, never>'
      : `{ ${errors.map((one) => `${JSON.stringify(one.name)}: ErrorDefinition<z.ZodType<${name}${pascal(one.name.toLowerCase())}>>;`).join(' ')} }`,
  ];
  return `/** ${summary.replaceAll('*/', '* /')} */ Procedure<${types.join(', ')}>`;
}

/** The names of the callers that a rule admits, as `anyone`, `user`, `services` and `actingFor` give them. */
function callers(alternatives: ProcedureDescription['access']['alternatives']): string {
  const names = alternatives.flatMap(({ services, user }) => {
    if (!services) return [user ?? 'anyone'];
    const some = services === 'any' ? ['service'] : services;
    return user ? some.map((one) => `${one} for ${user}`) : some;
  });
  return [...new Set(names)].map((one) => JSON.stringify(one)).join(' | ') || 'never';
}
