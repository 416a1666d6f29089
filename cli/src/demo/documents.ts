import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Markdown file of this repository, to publish as a page. */
export interface Document {
  /** Such as `docs/architecture.md`. */
  file: string;
  /** Such as `docs/architecture`, with the prefix. */
  slug: string;
  title: string;
  body: string;
}

/** Reads README.md and everything in docs/. @param prefix Start of all addresses. */
export function readDocuments(root: string, prefix: string): Document[] {
  const files = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()];
  return files.map((file) => {
    const body = readFileSync(join(root, file), 'utf8');
    const title = /^#\s+(.+)$/m.exec(body)?.[1]?.trim() ?? file;
    return { file, slug: `${prefix}/${file.replace(/\.md$/, '').toLowerCase()}`, title, body };
  });
}
