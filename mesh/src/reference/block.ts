/** Text in a line: plain, code, or a link. */
export type Words = readonly (
  | string
  | Readonly<{ code: string }>
  | Readonly<{ link: string; href: string }>
)[];

/** A part of a page, before it is written in a format. */
export type Block =
  | Readonly<{ type: 'heading'; level: 1 | 2 | 3 | 4; text: string }>
  | Readonly<{ type: 'paragraph'; words: Words }>
  | Readonly<{ type: 'code'; language: string; text: string }>
  | Readonly<{ type: 'table'; head: readonly string[]; rows: readonly (readonly Words[])[] }>;

export function heading(level: 1 | 2 | 3 | 4, text: string): Block {
  return { type: 'heading', level, text };
}

export function paragraph(...words: Words): Block {
  return { type: 'paragraph', words };
}

export function code(text: string): Readonly<{ code: string }> {
  return { code: text };
}

export function table(head: readonly string[], rows: readonly (readonly Words[])[]): Block {
  return { type: 'table', head, rows };
}
