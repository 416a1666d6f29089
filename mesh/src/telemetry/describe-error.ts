/** An error without its stack. */
export interface ErrorSummary {
  /** Its class, for example `TypeError`. */
  type: string;
  /** Code of the system, PostgreSQL or a library, of the error or its nearest cause that has one. */
  code?: string;
  /** One line, with the messages of its causes, each up to 200 characters. */
  message: string;
}

/** Most errors of a chain of causes that are read. */
const longestChain = 4;

/** Longest message, in characters: a driver may include a whole SQL statement. */
export const longestMessage = 200;

/** Summarises an expected error and its causes. */
export function summariseError(error: Error): ErrorSummary {
  const chain = causesOf(error);
  const messages = chain.map(messageOf);
  // Many libraries repeat the message of the cause.
  const told = messages.filter((text, index) => !messages.slice(0, index).some((one) => one.includes(text)));
  const code = chain.map(codeOf).find((found) => found !== undefined);
  const message = told.join(': ');
  return code === undefined ? { type: error.name, message } : { type: error.name, code, message };
}

/**
 * Describes an error in one line of up to 200 characters: its message, or its
 * code if the message is empty, as it is for a host with several addresses.
 *
 * @example
 * await shop.items.list.query({}).catch((error: unknown) => log.warn({ error: describeError(error) }, 'no list'));
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
