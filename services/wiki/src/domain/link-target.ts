import { clip } from './clip.ts';

/** As long as a slug can be; what is longer leads to no page and is cut. */
const longestTarget = 200;

/** Where a link leads: to the page at `<target>.md`, where it is written so and there is one, or to the one at `target`. */
export interface LinkTarget {
  readonly target: string;
  /** Whether it is written with `.md` at its end. */
  readonly markdown: boolean;
}

/**
 * The address that a link on a page leads to, or `undefined` where it leads
 * out of the wiki (a scheme, `//host`, `mailto:`), to a part of the same page
 * (`#part`, `?query`) or to the wiki's root.
 *
 * Links are relative to the page's own address, as between files: on
 * `docs/architecture`, `../README.md` leads to `readme` and `adr/0001.md#why`
 * to `docs/adr/0001`. A link that climbs above the root keeps its `..`, which
 * no page's address contains, so it shows as broken.
 *
 * @param from The address of the page that the link stands on.
 * @param href What the author wrote.
 */
export function resolveTarget(from: string, href: string): LinkTarget | undefined {
  // Browsers drop these wherever they stand, "java\nscript:" included.
  const url = href.replace(/[\t\n\r]/g, '').trim();
  if (/^[a-z][a-z\d+.-]*:/i.test(url) || url.startsWith('//')) return undefined;
  const path = url.split(/[?#]/, 1)[0] ?? '';
  if (path === '') return undefined;
  const base = path.startsWith('/') ? [] : from.split('/').slice(0, -1);
  const written = normalise([...base, ...path.split('/').map(decode)].join('/'));
  const target = written.replace(/\.md$/, '');
  return target === '' ? undefined : { target: clip(target, longestTarget), markdown: target !== written };
}

/** Walks `.` and `..`, and gives the address the form that slugs have. */
function normalise(path: string): string {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else steps.push(step);
  }
  return steps.join('/').normalize('NFC').toLowerCase();
}

/** Percent-decodes what can be decoded, and leaves the rest as it stands; no NUL, which PostgreSQL cannot store. */
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
