import type { Block, Words } from './block.ts';

/** Writes blocks as Markdown, formatted as oxfmt does. */
export function writeMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(write).join('\n\n')}\n`;
}

function write(block: Block): string {
  if (block.type === 'heading') return `${'#'.repeat(block.level)} ${block.text}`;
  if (block.type === 'paragraph') return words(block.words);
  if (block.type === 'code') return ['```' + block.language, block.text, '```'].join('\n');
  return table([block.head, ...block.rows.map((row) => row.map(cell))]);
}

function words(parts: Words): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return escaped(part);
      return 'code' in part ? codeOf(part.code) : `[${escaped(part.link)}](${part.href})`;
    })
    .join('');
}

function cell(parts: Words): string {
  return words(parts).replaceAll('|', '\\|');
}

/** Code spans may not contain backticks. */
function codeOf(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Text that Markdown would read as markup; what is between backticks is code. */
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll(/[\\*_<>[\]~]/g, String.raw`\$&`)))
    .join('');
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
