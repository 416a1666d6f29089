import { searchWords } from './search-words.ts';
import { wordsOf, type Word } from './words.ts';

/** A part of a query between spaces or within quotes. */
interface Clause {
  readonly words: readonly Word[];
  readonly phrase: boolean;
  readonly excluded: boolean;
}

/** A query: matches pages that satisfy all clauses of at least one alternative. */
export type Question = readonly (readonly Clause[])[];

/** The stem of each word, as in PostgreSQL's `english_stem`; stop words such as `the` have none. */
export type Stems = ReadonlyMap<string, string>;

const clause = /(-?)(?:["“”„]([^"“”„]*)["“”„]?|([^\s"“”„]+))/gu;

/** Parses a query like PostgreSQL's `websearch_to_tsquery`: `"a phrase"`, `or`, `-without`. */
export function readQuestion(text: string): Question {
  const alternatives: Clause[][] = [[]];
  for (const [typed, minus, quoted, bare] of searchWords(text).matchAll(clause)) {
    if (typed.toLowerCase() === 'or') {
      alternatives.push([]);
      continue;
    }
    const words = [...wordsOf(quoted ?? bare ?? '')];
    const excluded = minus === '-';
    if (words.length > 0) alternatives.at(-1)?.push({ words, phrase: quoted !== undefined, excluded });
  }
  return alternatives.filter((clauses) => clauses.length > 0);
}

/** All words of a query, whose stems are needed. */
export function wordsIn(question: Question): Word[] {
  return question.flat().flatMap(({ words }) => words);
}

/** The words that a page is shown for. */
export function soughtIn(question: Question): Word[] {
  return question.flat().flatMap(({ words, excluded }) => (excluded ? [] : words));
}

/** A query as a `tsquery`; undefined if it has nothing to search for. */
export function toTsquery(question: Question, stems: Stems): string | undefined {
  const alternatives = question
    .map((clauses) => clauses.flatMap((each) => toOperand(each, stems) ?? []).join(' & '))
    .filter((alternative) => alternative !== '');
  return alternatives.length === 0 ? undefined : alternatives.map((each) => `(${each})`).join(' | ');
}

function toOperand({ words, phrase, excluded }: Clause, stems: Stems): string | undefined {
  let operand = '';
  let last = 0;
  for (const [position, { word, kind }] of words.entries()) {
    const stem = stems.get(word);
    // The last of several letters is in the pair before it; in a page another letter may follow it.
    if (stem === undefined || kind === 'last') continue;
    if (operand !== '') operand += phrase ? ` <${position - last}> ` : ' & ';
    // A single letter matches the start of any pair.
    operand += `'${stem}'${kind === 'single' ? ':*' : ''}`;
    last = position;
  }
  if (operand === '') return undefined;
  return excluded ? `!(${operand})` : `(${operand})`;
}
