/** A heading and the text under it, up to the next heading of any level. */
export interface Section {
  /** Null for the text before the first heading. */
  readonly heading: string | null;
  /** The anchor, as GitHub derives it from the heading; null without a heading. */
  readonly anchor: string | null;
  /** The text under the heading without markup, one line for each block. */
  readonly text: string;
  /** The text of code blocks: searchable, but not part of the index. */
  readonly code: string;
}

/** A link as written. */
export interface WrittenLink {
  readonly href: string;
  readonly text: string;
}

/** What the wiki extracts from a page's markdown. */
export interface Outline {
  readonly sections: readonly Section[];
  /** In the order of the page. */
  readonly links: readonly WrittenLink[];
}

/** Longest anchor that is kept, in characters. */
export const longestAnchor = 200;
