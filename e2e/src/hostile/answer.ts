/** An HTTP answer as received. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Received so far: complete answers, and the remaining bytes. */
export interface Received {
  readonly answers: readonly Answer[];
  readonly rest: Buffer;
}

/**
 * Parses HTTP answers strictly, without a client that could hide errors. Interim answers (1xx) are left out;
 * a stream of events counts as complete once it has begun.
 *
 * @param options.head Whether the request was HEAD, whose answer has no body.
 * @param options.ended Whether the connection has ended, which ends an answer without a length.
 * @throws Error for bytes that are not HTTP.
 */
export function readAnswers(bytes: Buffer, options: { head: boolean; ended: boolean }): Received {
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const one = readOne(rest, options);
    if (!one) return { answers, rest };
    rest = one.rest;
    if (one.answer.status >= 200) answers.push(one.answer);
  }
}

function readOne(
  bytes: Buffer,
  { head, ended }: { head: boolean; ended: boolean },
): { answer: Answer; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3}) [ -~]+$/.exec(first);
  if (!match) throw new Error(`This is no status line: ${JSON.stringify(first)}`);
  const status = Number(match[1]);
  const headers = new Map(lines.map(readHeader));
  const after = bytes.subarray(end + 4);
  const whole = (body: Buffer, rest: Buffer) => ({
    answer: { status, headers, body: body.toString() },
    rest,
  });

  const nothing = Buffer.alloc(0);
  if (head || status < 200 || status === 204 || status === 304) return whole(nothing, after);
  if (headers.get('content-type')?.startsWith('text/event-stream')) return whole(after, nothing);
  if (headers.get('transfer-encoding') === 'chunked') {
    const chunked = readChunks(after);
    return chunked && whole(chunked.body, chunked.rest);
  }
  const length = headers.get('content-length');
  if (length === undefined) return ended ? whole(after, nothing) : undefined;
  if (after.length < Number(length)) return undefined;
  return whole(after.subarray(0, Number(length)), after.subarray(Number(length)));
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw new Error(`This is no header: ${JSON.stringify(line)}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function readChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const line = bytes.subarray(at, lineEnd).toString('latin1');
    if (!/^[\da-f]+$/i.test(line)) throw new Error(`This is no size of a chunk: ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
    if (size === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(at) };
  }
}
