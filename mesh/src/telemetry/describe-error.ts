/** An error without its stack. */
export interface ErrorSummary {
  /** Its class, as `TypeError`. */
  type: string;
  /** The system's, PostgreSQL's or the library's own; of the error or of what caused it. */
  code?: string;
  /** In one line, with the messages of what caused it, 200 characters of each. */
  message: string;
}

/** So many errors of a chain of causes are looked at. */
const longestChain = 4;

/** Longest text of an error, in characters: a driver may put all of a statement into it. */
const longestMessage = 200;

/** What matters of an error that was expected: its code and its message. */
export function summariseError(error: Error): ErrorSummary {
  const chain = causesOf(error);
  const messages = chain.map(messageOf);
  // Many libraries repeat what their cause says.
  const told = messages.filter((text, index) => !messages.slice(0, index).some((one) => one.includes(text)));
  const code = chain.map(codeOf).find((found) => found !== undefined);
  const message = told.join(': ');
  return code === undefined ? { type: error.name, message } : { type: error.name, code, message };
}

/**
 * What an error says, in one line of up to 200 characters and without its
 * stack: its message, or its code where it has no message, as that of a host
 * with several addresses.
 */
export function describeError(error: unknown): string {
  return error instanceof Error ? messageOf(error) : inOneLine(String(error));
}

function causesOf(error: Error): Error[] {
  const chain = [error];
  for (let { cause } = error; cause instanceof Error && chain.length < longestChain; { cause } = cause)
    chain.push(cause);
  return chain;
}

function messageOf(error: Error): string {
  return inOneLine(error.message) || (codeOf(error) ?? error.name);
}

function inOneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > longestMessage ? `${line.slice(0, longestMessage - 1)}…` : line;
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
