import { parentPort, type MessagePort } from 'node:worker_threads';
import { parseMarkdown } from '../domain/markdown.ts';
import { contentOf, type PageContent, type PageSource } from '../domain/page-content.ts';
import { diffPages, type DiffSide, type PageDiff } from '../domain/page-diff.ts';
import { skimMarkdown } from '../domain/skim.ts';

/** What a thread does with a text: each piece of work, what it is given and what it answers. */
export interface Works {
  /** The content of a page, and why it was only skimmed if it was. */
  read: { given: PageSource; answer: { content: PageContent; problem: string | undefined } };
  skim: { given: PageSource; answer: PageContent };
  /** Nothing: it answers when it can do the others. */
  begin: { given: undefined; answer: undefined };
  diff: { given: readonly [from: DiffSide, to: DiffSide]; answer: PageDiff };
}

/** The name of a piece of work. */
export type Work = keyof Works;

/** What the thread is asked: to do some work, and to answer on this port. */
export interface Question<Of extends Work = Work> {
  readonly work: Of;
  readonly given: Works[Of]['given'];
  readonly answerTo: MessagePort;
}

const works: { readonly [Of in Work]: (given: Works[Of]['given']) => Works[Of]['answer'] } = {
  read(source) {
    try {
      return { content: contentOf(source, parseMarkdown(source.body)), problem: undefined };
    } catch (error) {
      // Nested too deeply for the stack. That a text is odd must not keep it from being saved.
      return { content: works.skim(source), problem: String(error) };
    }
  },
  skim: (source) => contentOf(source, skimMarkdown(source.body)),
  begin: () => undefined,
  diff: ([from, to]) => diffPages(from, to),
};

parentPort?.on('message', <Of extends Work>({ work, given, answerTo }: Question<Of>) => {
  answerTo.postMessage(works[work](given), []);
  answerTo.close();
});
