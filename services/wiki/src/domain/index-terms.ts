import type { Section } from './outline.ts';
import { termsOf } from './words.ts';

/** Where a term occurs: in a page's title, in a heading, or in the text under one. */
export const termKinds = ['title', 'heading', 'body'] as const;
export type TermKind = (typeof termKinds)[number];

/** A term of a page, with its first place of this kind. */
export interface IndexTerm {
  readonly term: string;
  readonly kind: TermKind;
  /** Anchor of the heading; null for the top of the page. */
  readonly anchor: string | null;
  readonly weight: number;
}

/** Most index entries of one page; those with the highest weight are kept. */
export const mostTerms = 400;

/** A title outweighs any heading, and a heading any text, however often the term occurs. */
const baseWeights = { title: 3, heading: 2, body: 1 } as const satisfies Record<TermKind, number>;

/** Number of occurrences that give half of the weight added for frequency, which is at most 1. */
const halfFrequency = 4;

/** The terms of a page, highest weight first; one entry for each term and kind. */
export function indexTerms(title: string, sections: readonly Section[]): IndexTerm[] {
  const places = new Map<string, { term: string; kind: TermKind; anchor: string | null; count: number }>();
  const add = (text: string, kind: TermKind, anchor: string | null) => {
    for (const term of termsOf(text)) {
      const key = `${kind} ${term}`;
      const place = places.get(key);
      if (place) place.count += 1;
      else places.set(key, { term, kind, anchor, count: 1 });
    }
  };
  add(title, 'title', null);
  for (const { heading, anchor, text } of sections) {
    if (heading !== null) add(heading, 'heading', anchor);
    add(text, 'body', anchor);
  }
  return Array.from(places.values(), ({ term, kind, anchor, count }) => ({
    term,
    kind,
    anchor,
    weight: weigh(kind, count),
  }))
    .toSorted((one, other) => other.weight - one.weight || (one.term < other.term ? -1 : 1))
    .slice(0, mostTerms);
}

function weigh(kind: TermKind, count: number): number {
  return Number((baseWeights[kind] + count / (count + halfFrequency)).toFixed(4));
}
