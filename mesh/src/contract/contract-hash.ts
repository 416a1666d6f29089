import type { AnyContract } from './contract.ts';
import { entriesOf } from './contract.ts';
import { takeSnapshot, type ContractSnapshot } from './description.ts';
import { annotations } from './schema/annotations.ts';
import { canonical } from './schema/canonical.ts';
import { fingerprint } from './schema/fingerprint.ts';

/** A contract as data, and the hash of that. */
export type DescribedContract = Readonly<{ snapshot: ContractSnapshot; hash: string }>;

const described = new WeakMap<AnyContract, DescribedContract>();

/**
 * The snapshot of a contract, without a version, and its hash; taken once, which takes some milliseconds.
 *
 * @example
 * const { snapshot, hash } = describeContract(shopContract);
 */
export function describeContract(contract: AnyContract): DescribedContract {
  const known = described.get(contract);
  if (known) return known;
  const taken = takeSnapshot({ name: contract.name, version: '', procedures: entriesOf(contract) });
  return setDescription(contract, JSON.parse(JSON.stringify(taken)) as ContractSnapshot);
}

/** Says that a contract was made from this snapshot. */
export function setDescription(contract: AnyContract, snapshot: ContractSnapshot): DescribedContract {
  const description = { snapshot, hash: contractHash(snapshot) };
  described.set(contract, description);
  return description;
}

/**
 * The hash of a contract: 16 hexadecimal digits, the same for two snapshots of the same procedures, schemas, access rules
 * and errors. Prose (summaries, messages, annotations of schemas), the version of the service and the order of
 * procedures do not count. It tells contracts apart; it proves nothing about where one comes from.
 *
 * @example
 * if (contractHash(deployed) !== describeContract(shopContract).hash) console.log('the contracts differ');
 */
export function contractHash({ format, name, procedures }: ContractSnapshot): string {
  const told = procedures
    .map(({ summary: _summary, access, input, output, errors, ...rest }) => ({
      ...rest,
      access: access.alternatives,
      input: withoutProse(input),
      output: withoutProse(output),
      errors: errors
        .map(({ message: _message, data, ...error }) => ({ ...error, data: withoutProse(data) }))
        .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    }))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
  return fingerprint(canonical({ format, name, procedures: told }));
}

const prose: ReadonlySet<string> = new Set(annotations);
/** Keywords whose keys are names, not keywords. */
const named: ReadonlySet<string> = new Set(['properties', '$defs', 'patternProperties']);
/** Keywords whose values are data. */
const data: ReadonlySet<string> = new Set(['default', 'const', 'enum']);

function withoutProse(schema: unknown, areNames = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withoutProse(item));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => areNames || !prose.has(key))
      .map(([key, part]) => [
        key,
        !areNames && data.has(key) ? part : withoutProse(part, !areNames && named.has(key)),
      ]),
  );
}
