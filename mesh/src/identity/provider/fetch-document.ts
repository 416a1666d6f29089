import { request } from 'undici';

/** Longest answer of a provider, in bytes: some issuers publish dozens of keys, with certificates. */
const longestDocument = 512 * 1024;

/** Longest wait for a document, in milliseconds: a call may be waiting for it. */
const longestWaitMs = 3000;

/** An answer that is not the document. */
export class DocumentError extends Error {
  /** Of the answer; `undefined` if the content is wrong. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/**
 * Fetches a JSON document. Redirects are not followed: the keys must come from where the operator said.
 *
 * @throws DocumentError if the answer is not JSON with status 200, or too long; the error of the network.
 */
export async function fetchDocument(url: string): Promise<unknown> {
  const signal = AbortSignal.timeout(longestWaitMs);
  const { statusCode, body } = await request(url, { signal, headers: { accept: 'application/json' } });
  if (statusCode !== 200) {
    await body.dump();
    throw new DocumentError(`${url} answered ${statusCode}`, statusCode);
  }
  const document = await readBoundedJson(body);
  if (document === undefined) throw new DocumentError(`${url} is not JSON`);
  return document;
}

/**
 * Reads an answer of a provider.
 *
 * @returns `undefined` for anything but JSON.
 * @throws DocumentError if it is too long.
 */
export async function readBoundedJson(body: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > longestDocument)
      throw new DocumentError(`the answer is longer than ${longestDocument} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}
