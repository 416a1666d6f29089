import { clip } from './clip.ts';

/** The longest slug; a longer target leads to no page and is cut. */
const longestTarget = 200;

/**
 * Target of a link: the page at `<target>.md`, if the link is written so and that page exists, otherwise the
 * one at `target`.
 */
export interface LinkTarget {
  readonly target: string;
  /** Whether it is written with `.md` at the end. */
  readonly markdown: boolean;
}

/**
 * The address that a link on a page leads to. `undefined` if it leads out of the wiki (a scheme, `//host`,
 * `mailto:`), to a part of the same page (`#part`, `?query`) or to the wiki's root.
 *
 * Links are relative to the page's own address, as between files: on `docs/architecture`, `../README.md`
 * leads to `readme` and `adr/0001.md#why` to `docs/adr/0001`. A link that climbs above the root keeps its
 * `..`, which no page's address contains, so it is listed as broken.
 *
 * @param from The address of the page with the link.
 * @param href The link as written.
 */
export function resolveTarget(from: string, href: string): LinkTarget | undefined {
  // Browsers ignore these anywhere, even in "java\nscript:".
  const url = href.replace(/[\t\n\r]/g, '').trim();
  if (/^[a-z][a-z\d+.-]*:/i.test(url) || url.startsWith('//')) return undefined;
  const path = url.split(/[?#]/, 1)[0] ?? '';
  if (path === '') return undefined;
  const base = path.startsWith('/') ? [] : from.split('/').slice(0, -1);
  const written = normalise([...base, ...path.split('/').map(decode)].join('/'));
  const target = written.replace(/\.md$/, '');
  return target === '' ? undefined : { target: clip(target, longestTarget), markdown: target !== written };
}

/** Resolves `.` and `..`, and converts the address to the form of slugs. */
function normalise(path: string): string {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else steps.push(step);
  }
  return steps.join('/').normalize('NFC').toLowerCase();
}

/** Percent-decodes what can be decoded, and leaves the rest; removes NUL, which PostgreSQL cannot store. */
function decode(step: string): string {
  const decoded = step.replace(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
  return decoded.replace(/\p{Cc}/gu, '').toWellFormed();
}
