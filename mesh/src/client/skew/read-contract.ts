import { Client } from 'undici';
import { contractHash, type DescribedContract } from '../../contract/index.ts';
import { parseSnapshot } from '../../contract-check/index.ts';
import type { Tls } from '../../tls/index.ts';
import { header } from '../../wire/index.ts';
import { connectingTo } from '../endpoints/connecting-to.ts';
import type { Address } from '../endpoints/resolve.ts';

/** Longest contract that is read, in bytes. Ours are up to 70 kB. */
const longest = 2 * 1024 * 1024;

interface ReadOptions {
  readonly basePath: string;
  readonly authorization: string | undefined;
  readonly tls: Tls | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads the contract of the process at an address.
 *
 * @throws Error with the reason, for a log line.
 */
export async function readContract(
  { url, ip }: Address,
  { basePath, authorization, tls, signal }: ReadOptions,
): Promise<DescribedContract> {
  const { origin, pathname } = new URL(url);
  // The URL of a link has the path of the procedures in it.
  const prefix = pathname.replace(basePath === '' ? /\/[^/]*\/?$/ : /\/$/, '');
  const client = new Client(origin, { connect: { ...connectingTo(ip), ...tls?.connecting } });
  try {
    const { statusCode, body } = await client.request({
      path: `${prefix}/api/contract`,
      method: 'GET',
      headers: authorization === undefined ? {} : { [header.authorization]: authorization },
      signal,
    });
    if (statusCode !== 200) throw new Error(`/api/contract was answered with HTTP ${statusCode}`);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > longest) throw new Error(`/api/contract is longer than ${longest} bytes`);
      chunks.push(chunk);
    }
    const snapshot = parseSnapshot(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    return { snapshot, hash: contractHash(snapshot) };
  } finally {
    await client.destroy();
  }
}
