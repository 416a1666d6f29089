import { parentPort } from 'node:worker_threads';
import { parseMarkdown } from '../domain/markdown.ts';
import { contentOf, type PageContent, type PageSource } from '../domain/page-content.ts';
import { skimMarkdown } from '../domain/skim.ts';

/** What the thread answers: the content, and why it was only skimmed if it was. */
export interface Answer {
  readonly content: PageContent;
  readonly problem: string | undefined;
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, not for threads
parentPort?.on('message', (source: PageSource) => parentPort?.postMessage(read(source)));

function read(source: PageSource): Answer {
  try {
    return { content: contentOf(source, parseMarkdown(source.body)), problem: undefined };
  } catch (error) {
    // Nested too deeply for the stack. That a text is odd must not keep it from being saved.
    return { content: contentOf(source, skimMarkdown(source.body)), problem: String(error) };
  }
}
