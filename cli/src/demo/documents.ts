import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Markdown file of this repository, as a page to publish. */
export interface Document {
  /** As `docs/architecture.md`. */
  file: string;
  /** As `docs/architecture`, below the prefix. */
  slug: string;
  title: string;
  body: string;
}

/** Reads README.md and everything in docs/. @param prefix What all addresses begin with. */
export function readDocuments(root: string, prefix: string): Document[] {
  const files = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()];
  return files.map((file) => {
    const body = readFileSync(join(root, file), 'utf8');
    const title = /^#\s+(.+)$/m.exec(body)?.[1]?.trim() ?? file;
    return { file, slug: `${prefix}/${file.replace(/\.md$/, '').toLowerCase()}`, title, body };
  });
}
