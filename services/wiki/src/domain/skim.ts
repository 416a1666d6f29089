import { createOutline, type OutlineBuilder } from './outline-builder.ts';
import type { Outline } from './outline.ts';

// Bounded repetition, so that the time is linear in the length of a line.
const inlineLink = /\[([^[\]]{0,300})\]\(\s{0,10}<?([^\s()<>]{1,500})/g;
const fence = /^ {0,3}(`{3,}|~{3,})/;
const heading = /^ {0,3}#{1,6}[ \t]+(.{1,1000})/;
const marks = /[*_`~#>|[\]()<!]+/g;

/**
 * Reads a page's markdown line by line in linear time, for texts that the parser cannot handle. It recognises
 * fenced code, `#` headings and `[text](href)`, and treats the rest as words.
 */
export function skimMarkdown(body: string): Outline {
  const outline = createOutline();
  let closing: string | undefined;
  for (const line of body.split(/\r?\n|\r/)) {
    const mark = fence.exec(line)?.[1];
    if (closing !== undefined) {
      if (mark?.startsWith(closing)) closing = undefined;
      else outline.code(line);
    } else if (mark !== undefined) {
      closing = mark;
    } else {
      skimLine(line, outline);
    }
  }
  return outline.done();
}

function skimLine(line: string, outline: OutlineBuilder): void {
  for (const [, text = '', href = ''] of line.matchAll(inlineLink)) outline.link({ href, text });
  const words = (heading.exec(line)?.[1] ?? line).replace(inlineLink, '$1 ').replace(marks, ' ').trim();
  if (words === '') return;
  if (heading.test(line)) outline.heading(words);
  else outline.text(words);
}
