import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** What was read of piped input and not returned yet. */
let rest = '';
let chunks: AsyncIterator<string> | undefined;

/**
 * Asks for a line at the terminal, or takes the next line of piped input.
 *
 * @param question Shown at a terminal only.
 * @param options.hidden Whether what is typed is not shown. @default false
 * @returns Undefined at the end of the input.
 */
export async function readLine(
  question: string,
  { hidden = false }: { hidden?: boolean } = {},
): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return nextPiped();
  stderr.write(question);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: hidden ? unseen : stderr, terminal: true });
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    lines.close();
    if (hidden) stderr.write('\n');
  }
}

async function nextPiped(): Promise<string | undefined> {
  const { stdin } = process;
  // A pipe that is not read to its end must not keep the process alive.
  if ('ref' in stdin) stdin.ref();
  chunks ??= stdin.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
  let more = true;
  while (more && !rest.includes('\n')) {
    const chunk = await chunks.next();
    more = chunk.done !== true;
    if (!chunk.done) rest += chunk.value;
  }
  if ('unref' in stdin) stdin.unref();
  const [, line = '', after = ''] = /^([^\n]*)\n?([^]*)$/.exec(rest) ?? [];
  const none = !more && rest === '';
  rest = after;
  return none ? undefined : line.replace(/\r$/, '');
}
