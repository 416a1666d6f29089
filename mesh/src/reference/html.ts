import type { Block, Words } from './block.ts';

/** Writes blocks as an HTML document, without a script and without a style. */
export function writeHtml(title: string, blocks: readonly Block[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
${blocks.map(write).join('\n')}
</html>
`;
}

function write(block: Block): string {
  if (block.type === 'heading') return heading(block.level, escapeHtml(block.text));
  if (block.type === 'paragraph') return `<p>${words(block.words)}</p>`;
  if (block.type === 'code') return `<pre><code>${escapeHtml(block.text)}</code></pre>`;
  return table(block.head, block.rows);
}

/** Headings of parts, such as `Input`, occur more than once. */
function heading(level: number, text: string): string {
  return level < 4 ? `<h${level} id="${text}">${text}</h${level}>` : `<h${level}>${text}</h${level}>`;
}

function table(head: readonly string[], rows: readonly (readonly Words[])[]): string {
  const names = head.every((name) => name === '')
    ? []
    : [`<tr>${head.map((name) => `<th>${escapeHtml(name)}</th>`).join('')}</tr>`];
  const lines = rows.map((row) => `<tr>${row.map((cell) => `<td>${words(cell)}</td>`).join('')}</tr>`);
  return ['<table>', ...names, ...lines, '</table>'].join('\n');
}

function words(parts: Words): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return escapeHtml(part);
      if ('code' in part) return `<code>${escapeHtml(part.code)}</code>`;
      return `<a href="${escapeHtml(part.href)}">${escapeHtml(part.link)}</a>`;
    })
    .join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for an element or a quoted attribute. */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '');
}
