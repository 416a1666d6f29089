import type { Rule } from './rule.ts';

/** Edits of answers and typed errors as a whole. */
export const answerRules = {
  'output-added': {
    effect: 'replaced',
    what: 'a procedure without an answer now has one, which deployed clients refuse',
    remedy: 'Add a procedure under another name.',
  },
  'output-removed': {
    effect: 'replaced',
    what: 'the procedure no longer answers',
    remedy: 'Keep the answer until no client reads it.',
  },
  'error-added': {
    effect: 'extended',
    what: 'a typed error was added; deployed clients do not know its name',
    remedy: 'Check that clients treat unknown names by their code.',
  },
  'error-removed': {
    effect: 'narrowed',
    what: 'a typed error was removed',
    remedy: 'Deploy the server first: old servers still answer with it.',
  },
  'error-renamed': {
    effect: 'replaced',
    what: 'a typed error was renamed; deployed clients look for the old name',
    remedy: 'Keep the old name, or add a procedure under another name.',
  },
  'error-code-changed': {
    effect: 'replaced',
    what: 'the code of a typed error was changed, and with it the HTTP status and whether clients retry',
    remedy: 'Keep the code, or add an error under another name.',
  },
  'error-message-changed': {
    effect: 'none',
    what: 'the message of a typed error was changed',
    remedy: 'Nothing to do: messages are for people.',
  },
} as const satisfies Record<string, Rule>;
