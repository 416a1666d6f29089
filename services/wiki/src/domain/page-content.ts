import { clip, oneLine } from './clip.ts';
import { indexTerms, type IndexTerm } from './index-terms.ts';
import { resolveTarget, type LinkTarget } from './link-target.ts';
import type { Outline } from './outline.ts';
import { searchWordsOf, type SearchWords } from './search-vector.ts';

/** The text of a page as written, and its address. */
export interface PageSource {
  readonly slug: string;
  readonly title: string;
  readonly body: string;
}

/** A link to a page, by address, because that page may not exist yet. */
export interface PageLink extends LinkTarget {
  readonly text: string;
}

/** Everything stored about a page's text, besides the text. */
export interface PageContent {
  readonly links: readonly PageLink[];
  readonly terms: readonly IndexTerm[];
  /** The text without markup, for excerpts. */
  readonly plain: string;
  /** The words for the search. */
  readonly search: SearchWords;
}

/** Most links of one page that are kept. */
const mostLinks = 1000;
const longestLinkText = 200;

/**
 * Longest plain text that is kept, in bytes of UTF-8: the previous version of the service converts it to a
 * `tsvector`, which holds 1 MiB.
 */
export const longestPlain = 300_000;

/** Everything stored about a page, from its source and its outline. */
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
  // Not fatal: a character split by the cut becomes U+FFFD, which no search looks for.
  return new TextDecoder().decode(bytes.subarray(0, longestPlain));
}
