import GithubSlugger from 'github-slugger';
import { longestAnchor, type Outline, type Section, type WrittenLink } from './outline.ts';

/** Collects the outline of a page from top to bottom. */
export interface OutlineBuilder {
  heading(text: string): void;
  text(text: string): void;
  code(text: string): void;
  link(link: WrittenLink): void;
  done(): Outline;
}

/** Starts the outline of one page; each page needs its own, because anchors number repeated headings. */
export function createOutline(): OutlineBuilder {
  const slugger = new GithubSlugger();
  const sections: Section[] = [];
  const links: WrittenLink[] = [];
  let heading: string | null = null;
  let texts: string[] = [];
  let codes: string[] = [];

  const close = () => {
    const anchor = heading === null ? null : slugger.slug(heading);
    const section = {
      heading,
      anchor: anchor === '' || (anchor?.length ?? 0) > longestAnchor ? null : anchor,
      text: texts.join('\n'),
      code: codes.join('\n'),
    };
    if (heading !== null || section.text !== '' || section.code !== '') sections.push(section);
  };

  return {
    heading(text) {
      close();
      heading = text;
      texts = [];
      codes = [];
    },
    text: (text) => void texts.push(text),
    code: (text) => void codes.push(text),
    link: (link) => void links.push(link),
    done() {
      close();
      return { sections, links };
    },
  };
}
