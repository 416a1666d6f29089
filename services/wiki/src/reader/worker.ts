import { parentPort, type MessagePort } from 'node:worker_threads';
import { parseMarkdown } from '../domain/markdown.ts';
import { contentOf, type PageContent, type PageSource } from '../domain/page-content.ts';
import { skimMarkdown } from '../domain/skim.ts';

/** What the thread answers: the content, and why it was only skimmed if it was. */
export interface Answer {
  readonly content: PageContent;
  readonly problem: string | undefined;
}

/** What the thread is asked: to read a page, and to answer on this port. */
export interface Question {
  readonly source: PageSource;
  readonly answerTo: MessagePort;
}

parentPort?.on('message', ({ source, answerTo }: Question) => {
  answerTo.postMessage(read(source), []);
  answerTo.close();
});

function read(source: PageSource): Answer {
  try {
    return { content: contentOf(source, parseMarkdown(source.body)), problem: undefined };
  } catch (error) {
    // Nested too deeply for the stack. That a text is odd must not keep it from being saved.
    return { content: contentOf(source, skimMarkdown(source.body)), problem: String(error) };
  }
}
