import { searchWords } from './search-words.ts';
import { wordsOf, type Word } from './words.ts';

/** What stands between two spaces, or within quotes. */
interface Clause {
  readonly words: readonly Word[];
  readonly phrase: boolean;
  readonly excluded: boolean;
}

/** What is searched for: pages of which one of these holds, with all of its clauses. */
export type Question = readonly (readonly Clause[])[];

/** The stem of each word, as PostgreSQL's `english_stem` has it; none of a word that says nothing, as `the`. */
export type Stems = ReadonlyMap<string, string>;

const clause = /(-?)(?:["“”„]([^"“”„]*)["“”„]?|([^\s"“”„]+))/gu;

/** Reads what was typed as PostgreSQL's `websearch_to_tsquery` does: `"a phrase"`, `or`, `-without`. */
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

/** All words of a question, for which stems are needed. */
export function wordsIn(question: Question): Word[] {
  return question.flat().flatMap(({ words }) => words);
}

/** The words for which a page is shown. */
export function soughtIn(question: Question): Word[] {
  return question.flat().flatMap(({ words, excluded }) => (excluded ? [] : words));
}

/** A question as a `tsquery`; undefined where nothing of it can be looked for. */
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
    // The last of several letters is in the pair before it; what stands behind it in a page is not known.
    if (stem === undefined || kind === 'last') continue;
    if (operand !== '') operand += phrase ? ` <${position - last}> ` : ' & ';
    // A letter alone is the first of any pair.
    operand += `'${stem}'${kind === 'single' ? ':*' : ''}`;
    last = position;
  }
  if (operand === '') return undefined;
  return excluded ? `!(${operand})` : `(${operand})`;
}
