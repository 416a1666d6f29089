import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { entriesOf, takeSnapshot, type AnyContract, type ContractSnapshot } from '@arcadium/mesh/contract';
import { CannotCheck } from './cannot-check.ts';

/** The contracts of a folder, and the file that exports each. */
export interface FolderContracts {
  readonly snapshots: readonly ContractSnapshot[];
  /** Path from the folder by service, such as `src/wiki/index.ts`. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Imports the contracts that a package exports, and takes their snapshots.
 *
 * @param folder Of the package: its `package.json` has `exports`.
 * @throws CannotCheck with the file that cannot be imported.
 */
export async function readContracts(folder: string): Promise<FolderContracts> {
  const contracts = await importContracts(folder);
  const files = new Map([...contracts].map(([name, { file }]) => [name, file]));
  return { snapshots: [...contracts.values()].map(({ contract }) => snapshotOf(contract)), files };
}

/** The same as they are, by service. @throws CannotCheck */
export async function importContracts(
  folder: string,
): Promise<ReadonlyMap<string, { contract: AnyContract; file: string }>> {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) throw new CannotCheck(`${folder} is not a package: it has no package.json`);
  const { exports = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports?: Record<string, string> };
  const found = new Map<string, { contract: AnyContract; file: string }>();
  for (const path of Object.values(exports)) {
    const file = join(folder, path);
    for (const value of Object.values(await load(file)))
      if (isContract(value) && !found.has(value.name))
        found.set(value.name, { contract: value, file: relative(folder, file) });
  }
  if (found.size === 0) throw new CannotCheck(`${manifest} exports no contract`);
  return found;
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotCheck(`${file} cannot be imported: ${why}`, { cause: error });
  }
}

function isContract(value: unknown): value is AnyContract {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'procedures' in value &&
    typeof value.procedures === 'object'
  );
}

/** Through JSON, as a published snapshot is. */
function snapshotOf(contract: AnyContract): ContractSnapshot {
  const { name } = contract;
  const snapshot = takeSnapshot({ name, version: '', procedures: entriesOf(contract) });
  return JSON.parse(JSON.stringify(snapshot)) as ContractSnapshot;
}
