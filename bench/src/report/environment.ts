import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import meshPackage from '../../../mesh/package.json' with { type: 'json' };
import postgresPackage from '../../../postgres/package.json' with { type: 'json' };
import prismaPackage from '../../../prisma/package.json' with { type: 'json' };
import benchPackage from '../../package.json' with { type: 'json' };
import { canPin, clientCores, serverCores } from '../process/spawn.ts';
import { stacks, type StackName } from '../stacks/index.ts';

/** The machine, versions and time of a measurement. */
export interface Environment {
  readonly date: string;
  /** The commit of this repository, with `-dirty` if there are uncommitted changes. */
  readonly commit: string;
  readonly node: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly kernel: string;
    /** Whether each process had its own core. */
    readonly pinned: boolean;
  };
  /** The packages of the stacks, as pinned in package.json. */
  readonly versions: Readonly<Record<string, string>>;
}

/** @param others Packages that were measured besides those of the stacks. */
export function describeEnvironment(
  names: readonly StackName[],
  others: readonly string[] = [],
): Environment {
  const pinned: Record<string, string> = {
    ...meshPackage.devDependencies,
    ...meshPackage.dependencies,
    ...benchPackage.dependencies,
    ...postgresPackage.dependencies,
    ...prismaPackage.dependencies,
  };
  const packages = new Set([...names.flatMap((name) => stacks[name].packages), ...others]);
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGb: Math.round(totalmem() / 2 ** 30),
      kernel: `${type()} ${release()}`,
      pinned: canPin(serverCores) && canPin(clientCores),
    },
    versions: Object.fromEntries([...packages].toSorted().map((name) => [name, pinned[name] ?? 'unknown'])),
  };
}

/** The same as lines of Markdown. */
export function environmentLines({ date, commit: at, node, machine, versions }: Environment): string[] {
  const where = machine.pinned ? 'server on core 0, clients on others' : 'processes not pinned to cores';
  return [
    `- ${date}, commit ${at}, Node ${node}`,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.kernel}; ${where}`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  ];
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
