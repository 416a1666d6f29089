import { formatPatch, structuredPatch, type StructuredPatchHunk } from 'diff';

/** A revision of a page. */
export interface DiffSide {
  readonly revision: number;
  readonly title: string;
  readonly body: string;
}

/** A unified diff, with the number of added and removed lines. */
export interface PageDiff {
  readonly added: number;
  readonly removed: number;
  readonly patch: string;
}

/**
 * Longest search for the shortest diff, in milliseconds: it takes quadratic time for two texts with nothing
 * in common.
 */
const searchTimeoutMs = 50;

const headerOptions = { includeIndex: false, includeUnderline: false, includeFileHeaders: true };

/**
 * The changes from one revision to another. The header has the titles: `--- revision 1<TAB>title`. If the
 * shortest diff takes too long to find, all lines are replaced.
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
