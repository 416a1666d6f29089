import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const results = new URL('../../results/', import.meta.url);

export const profileDir = fileURLToPath(new URL('profiles/', results));

/** Writes a file of results. @returns Its path. */
export function writeResult(name: string, content: string): string {
  mkdirSync(results, { recursive: true });
  const file = fileURLToPath(new URL(name, results));
  writeFileSync(file, content);
  return file;
}
