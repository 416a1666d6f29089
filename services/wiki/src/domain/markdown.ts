import type { Definition, Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { toString } from 'mdast-util-to-string';
import { gfm } from 'micromark-extension-gfm';
import { SKIP, visit } from 'unist-util-visit';
import { createOutline, type OutlineBuilder } from './outline-builder.ts';
import type { Outline } from './outline.ts';

/**
 * Parses a page's markdown (GitHub flavour) into its outline.
 *
 * Links are `[text](href)`, `[text][reference]` and autolinks. Images are not links: the wiki stores no
 * files, so every relative image would count as broken, although the site that displays the page may serve
 * it. HTML is ignored.
 *
 * Some texts take the parser quadratic time or a deep stack. Call it where both are limited (see `reader/`).
 *
 * @throws RangeError if the nesting exceeds the stack.
 */
export function parseMarkdown(body: string): Outline {
  const root = fromMarkdown(body, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const definitions = definitionsOf(root);
  const outline = createOutline();
  visit(root, (node) => {
    collectText(node, outline);
    if (node.type === 'link') outline.link({ href: node.url, text: plainText(node) });
    if (node.type === 'linkReference') {
      const href = definitions.get(node.identifier)?.url;
      if (href !== undefined) outline.link({ href, text: plainText(node) });
    }
    return node.type === 'definition' ? SKIP : undefined;
  });
  return outline.done();
}

function collectText(node: Nodes, outline: OutlineBuilder): void {
  if (node.type === 'heading') outline.heading(plainText(node));
  else if (node.type === 'paragraph' || node.type === 'tableCell') outline.text(plainText(node));
  else if (node.type === 'code') outline.code(node.value);
}

/** The first definition of a reference counts, as in CommonMark. */
function definitionsOf(root: Root): Map<string, Definition> {
  const definitions = new Map<string, Definition>();
  visit(root, 'definition', (node) => {
    if (!definitions.has(node.identifier)) definitions.set(node.identifier, node);
  });
  return definitions;
}

function plainText(node: Nodes): string {
  return toString(node, { includeHtml: false });
}
