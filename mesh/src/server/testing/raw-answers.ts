/** An HTTP answer. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case, in the order received. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The last value of a header. */
export function headerOf({ headers }: RawAnswer, name: string): string | undefined {
  return headers.findLast(([key]) => key === name)?.[1];
}

/**
 * Parses HTTP answers strictly, including interim ones (1xx).
 *
 * @param options.head Whether the first request was HEAD, whose answer has no body.
 * @param options.ended Whether the connection has ended, which ends an answer without a length.
 * @returns The complete answers, and the number of bytes left.
 * @throws Error for invalid HTTP.
 */
export function readAnswers(
  bytes: Buffer,
  { head, ended }: { head: boolean; ended: boolean },
): { answers: RawAnswer[]; left: number } {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const one = readOne(rest, { ended, bodiless: head && answers.length === 0 });
    if (!one) return { answers, left: rest.length };
    answers.push(one.answer);
    rest = one.rest;
  }
}

function readOne(
  bytes: Buffer,
  { bodiless, ended }: { bodiless: boolean; ended: boolean },
): { answer: RawAnswer; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3}) [ -~]+$/.exec(first);
  if (!match) throw new Error(`This is no status line: ${JSON.stringify(first)}`);
  const answer = { status: Number(match[1]), headers: lines.map(readHeader), body: '' };
  const after = bytes.subarray(end + 4);
  if (bodiless || answer.status < 200 || answer.status === 204) return { answer, rest: after };
  const read = readBody(after, answer, ended);
  return read && { answer: { ...answer, body: read.body.toString() }, rest: read.rest };
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw new Error(`This is no header: ${JSON.stringify(line)}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function readBody(
  bytes: Buffer,
  answer: RawAnswer,
  ended: boolean,
): { body: Buffer; rest: Buffer } | undefined {
  if (headerOf(answer, 'transfer-encoding') === 'chunked') return readChunks(bytes);
  const length = headerOf(answer, 'content-length');
  if (length === undefined) return ended ? { body: bytes, rest: Buffer.alloc(0) } : undefined;
  if (bytes.length < Number(length)) return undefined;
  return { body: bytes.subarray(0, Number(length)), rest: bytes.subarray(Number(length)) };
}

function readChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (Number.isNaN(size)) throw new Error('A chunk has no size');
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
    if (size === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(at) };
  }
}
