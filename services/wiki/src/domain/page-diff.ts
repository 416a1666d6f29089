import { formatPatch, structuredPatch, type StructuredPatchHunk } from 'diff';

/** One revision of a page as a diff needs it. */
export interface DiffSide {
  readonly revision: number;
  readonly title: string;
  readonly body: string;
}

/** A unified diff, with how many lines it adds and removes. */
export interface PageDiff {
  readonly added: number;
  readonly removed: number;
  readonly patch: string;
}

/** Longest time for finding the shortest diff, in milliseconds: two texts with nothing in common take quadratic time. */
const searchTimeoutMs = 50;

const headerOptions = { includeIndex: false, includeUnderline: false, includeFileHeaders: true };

/**
 * What changed from one revision to another. The header has the titles:
 * `--- revision 1<TAB>title`. Where the shortest diff takes too long to find,
 * every line is replaced.
 */
export function diffPages(from: DiffSide, to: DiffSide): PageDiff {
  const names = [`revision ${from.revision}`, `revision ${to.revision}`] as const;
  const limit = { context: 3, timeout: searchTimeoutMs };
  const found = structuredPatch(...names, from.body, to.body, from.title, to.title, limit);
  const patch = found ?? {
    oldFileName: names[0],
    newFileName: names[1],
    oldHeader: from.title,
    newHeader: to.title,
    hunks: [replaceAll(from.body, to.body)],
  };
  const lines = patch.hunks.flatMap((hunk) => hunk.lines);
  return {
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
    patch: formatPatch(patch, headerOptions),
  };
}

function replaceAll(before: string, after: string): StructuredPatchHunk {
  const removed = linesOf(before, '-');
  const added = linesOf(after, '+');
  return {
    oldStart: 1,
    oldLines: removed.count,
    newStart: 1,
    newLines: added.count,
    lines: [...removed.lines, ...added.lines],
  };
}

function linesOf(body: string, sign: string): { count: number; lines: string[] } {
  const lines = body
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => sign + line);
  const count = lines.length;
  return { count, lines: body.endsWith('\n') ? lines : [...lines, '\\ No newline at end of file'] };
}
