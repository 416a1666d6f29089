/** A heading and what stands under it, up to the next heading of whatever level. */
export interface Section {
  /** Null for what stands before the first heading. */
  readonly heading: string | null;
  /** Where to jump to, as GitHub makes it from the heading; null where there is none. */
  readonly anchor: string | null;
  /** The words under the heading, markup taken off, a line for each block. */
  readonly text: string;
  /** What stands in code blocks: worth finding, but not worth a place in the index. */
  readonly code: string;
}

/** A link as its author wrote it. */
export interface WrittenLink {
  readonly href: string;
  readonly text: string;
}

/** What the wiki needs to know about a page's markdown. */
export interface Outline {
  readonly sections: readonly Section[];
  /** In the order of the page. */
  readonly links: readonly WrittenLink[];
}

/** Longest anchor that is kept, in characters: a longer one belongs to no sensible heading. */
export const longestAnchor = 200;
