import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { referencePage } from '@arcadium/mesh/reference';
import { root } from '../workspace.ts';
import { readContracts } from './check/read-contracts.ts';

/**
 * The pages of the reference by file name, such as `wiki.md`, and `README.md` with the list of them.
 *
 * @throws CannotCheck if a contract cannot be imported.
 */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const { snapshots, files } = await readContracts(join(root, 'contracts'));
  const sorted = snapshots.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const list = sorted.map(
    ({ name, procedures }) => `- [${name}](${name}.md): ${procedures.length} procedures`,
  );
  const pages = sorted.map((one): [string, string] => [
    `${one.name}.md`,
    referencePage(
      one,
      `Generated from \`contracts/${files.get(one.name)}\` by \`npm run mesh -- contract docs\`. How to call it from other languages, browsers and services: [Calling a service](../calling.md). Errors that every procedure may have: [What callers see](../resilience.md).`,
    ),
  ]);
  return new Map([['README.md', `# Reference of the API\n\n${list.join('\n')}\n`], ...pages]);
}

/** Writes the pages into a folder. @returns The files there that no contract has any more. */
export async function writeReference(folder: string): Promise<readonly string[]> {
  const pages = await referencePages();
  await mkdir(folder, { recursive: true });
  for (const [name, text] of pages) await writeFile(join(folder, name), text);
  const written = await readdir(folder);
  return written.filter((name) => !pages.has(name));
}
