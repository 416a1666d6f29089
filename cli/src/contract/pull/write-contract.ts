import { contractHash, type ContractSnapshot } from '@arcadium/mesh/contract';
import { typeName, writeTypes } from './write-types.ts';

/** A file of what a command writes: its name, and its text. */
export type WrittenFile = readonly [name: string, text: string];

function constantName(snapshot: ContractSnapshot): string {
  const name = typeName(snapshot);
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** A module with the contract of a service: its type, and a contract that `connect` takes. */
export function writeContract(snapshot: ContractSnapshot, source: string): WrittenFile {
  const { name, version } = snapshot;
  const type = typeName(snapshot);
  const [imports = '', ...types] = writeTypes(snapshot).split("from '@arcadium/mesh/contract';");
  const text = `// The contract of ${name}${version === '' ? '' : `, version ${oneLine(version)}`}, hash ${contractHash(snapshot)}.
// Made by \`mesh contract pull ${oneLine(source)}\`: do not edit, pull again.
import { contractFromSnapshot, type ContractSnapshot } from '@arcadium/mesh/contract';
${imports}from '@arcadium/mesh/contract';${types.join("from '@arcadium/mesh/contract';")}
const snapshot: ContractSnapshot = JSON.parse(${JSON.stringify(JSON.stringify(snapshot))}) as ContractSnapshot;

/** For \`connect\` of @arcadium/mesh/client. */
export const ${constantName(snapshot)} = contractFromSnapshot<${type}>(snapshot);
`;
  return [`${name}-contract.ts`, text];
}

/** The files of a package with the types of a contract and its snapshot, and no code. */
export function writePackage(
  given: ContractSnapshot,
  { name, version, mesh, zod }: Readonly<{ name: string; version: string; mesh: string; zod: string }>,
): readonly WrittenFile[] {
  const snapshot = { ...given, version };
  const hash = contractHash(snapshot);
  const type = typeName(snapshot);
  const manifest = {
    name,
    version,
    description: `The contract of the service ${snapshot.name}: types, and a snapshot as JSON`,
    type: 'module',
    types: './index.d.ts',
    exports: { '.': { types: './index.d.ts' }, './contract.json': './contract.json' },
    files: ['index.d.ts', 'contract.json', 'README.md'],
    peerDependencies: { '@arcadium/mesh': mesh, zod },
  };
  const readme = `# ${name}

The contract of the service ${snapshot.name}, version ${version}, hash \`${hash}\`. Types and data, no code.

\`\`\`ts
import { connect } from '@arcadium/mesh/client';
import { contractFromSnapshot, type ContractSnapshot } from '@arcadium/mesh/contract';
import snapshot from '${name}/contract.json' with { type: 'json' };
import type { ${type} } from '${name}';

const contract = contractFromSnapshot<${type}>(snapshot as unknown as ContractSnapshot);
const client = connect(contract, { as: 'anyone', url: 'http://localhost:5000' });
\`\`\`
`;
  return [
    ['package.json', json(manifest)],
    ['index.d.ts', writeTypes(snapshot)],
    ['contract.json', json({ ...snapshot, hash })],
    ['README.md', readme],
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}
