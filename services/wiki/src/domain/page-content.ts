import { clip, oneLine } from './clip.ts';
import { indexTerms, type IndexTerm } from './index-terms.ts';
import { resolveTarget, type LinkTarget } from './link-target.ts';
import type { Outline } from './outline.ts';
import { searchWordsOf, type SearchWords } from './search-vector.ts';

/** What a page's author wrote, and where it stands. */
export interface PageSource {
  readonly slug: string;
  readonly title: string;
  readonly body: string;
}

/** A link to a page, by its address because there may be no such page yet. */
export interface PageLink extends LinkTarget {
  readonly text: string;
}

/** All that is stored about a page's text besides the text. */
export interface PageContent {
  readonly links: readonly PageLink[];
  readonly terms: readonly IndexTerm[];
  /** The text without markup, which search quotes. */
  readonly plain: string;
  /** What search reads. */
  readonly search: SearchWords;
}

/** Most links of one page that are kept. */
const mostLinks = 1000;
const longestLinkText = 200;

/** Longest plain text that is kept, in bytes of UTF-8: the version before makes a `tsvector` of it, which holds 1 MiB. */
export const longestPlain = 300_000;

/** Puts together what is stored about a page, from its source and its outline. */
export function contentOf({ slug, title }: PageSource, { sections, links }: Outline): PageContent {
  const whole = sections
    .flatMap(({ heading, text, code }) => [heading ?? '', text, code])
    .filter((part) => part !== '')
    .join('\n');
  return {
    links: links.flatMap(({ href, text }) => toPageLink(slug, href, text) ?? []).slice(0, mostLinks),
    terms: indexTerms(title, sections),
    plain: clipBytes(whole),
    search: searchWordsOf(title, whole),
  };
}

function toPageLink(slug: string, href: string, text: string): PageLink | undefined {
  const target = resolveTarget(slug, href);
  if (target === undefined) return undefined;
  return {
    ...target,
    text: clip(oneLine(text.slice(0, 2 * longestLinkText)), longestLinkText).toWellFormed() || target.target,
  };
}

function clipBytes(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= longestPlain) return text.toWellFormed();
  // Not fatal: half a character at the cut becomes U+FFFD, which no search asks for.
  return new TextDecoder().decode(bytes.subarray(0, longestPlain));
}
