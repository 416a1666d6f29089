import { parentPort, type MessagePort } from 'node:worker_threads';
import { parseMarkdown } from '../domain/markdown.ts';
import { contentOf, type PageContent, type PageSource } from '../domain/page-content.ts';
import { diffPages, type DiffSide, type PageDiff } from '../domain/page-diff.ts';
import { skimMarkdown } from '../domain/skim.ts';

/** The thread's tasks, with their inputs and answers. */
export interface Works {
  /** The content of a page, and the reason if it was only skimmed. */
  read: { given: PageSource; answer: { content: PageContent; problem: string | undefined } };
  skim: { given: PageSource; answer: PageContent };
  /** Answers when the thread is ready. */
  begin: { given: undefined; answer: undefined };
  diff: { given: readonly [from: DiffSide, to: DiffSide]; answer: PageDiff };
}

/** The name of a task. */
export type Work = keyof Works;

/** A task for the thread, with the port for its answer. */
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
      // The nesting exceeds the stack. An unusual text must not keep a page from being saved.
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
