import { readFile } from 'node:fs/promises';
import type { ContractSnapshot } from '@arcadium/mesh/contract';
import { parseSnapshot } from '@arcadium/mesh/contract-check';
import { fetchOfService } from '../../call/service-fetch.ts';
import { CannotCheck } from './cannot-check.ts';

/** Longest wait for a service, in milliseconds. */
const timeoutMs = 10_000;

/**
 * Reads snapshots from a file: what a service answers at `/api/contract`, or a list of that.
 *
 * @throws CannotCheck
 */
export async function readFileSnapshots(file: string): Promise<readonly ContractSnapshot[]> {
  try {
    return parse(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof CannotCheck || !(error instanceof Error)) throw error;
    throw new CannotCheck(`${file} cannot be read: ${error.message}`, { cause: error });
  }
}

/**
 * Reads the contract of a running service.
 *
 * @param url Of the service, or of its `/api/contract`.
 * @param logIn Gets the token of an administrator, if the service asks for one.
 * @throws CannotCheck
 */
export async function readUrl(
  url: string,
  logIn: () => Promise<string>,
): Promise<readonly ContractSnapshot[]> {
  const address = new URL(url);
  if (address.pathname === '/') address.pathname = '/api/contract';
  let answer = await ask(address);
  if (answer.status === 401) answer = await ask(address, await logIn());
  if (answer.status !== 200)
    throw new CannotCheck(`${address.href} answered with HTTP status ${answer.status}`);
  return parse(answer.text, address.href);
}

async function ask(address: URL, token?: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetchOfService(address, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CannotCheck(`${address.href} cannot be reached: ${why}`, { cause: error });
  }
}

function parse(text: string, source: string): readonly ContractSnapshot[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CannotCheck(`${source} is not JSON`, { cause: error });
  }
  return parseSnapshots(json, source);
}

/** One snapshot, or a list. @throws CannotCheck with the source */
export function parseSnapshots(json: unknown, source: string): readonly ContractSnapshot[] {
  try {
    return (Array.isArray(json) ? json : [json]).map(parseSnapshot);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CannotCheck(`${source} is ${error.message}`, { cause: error });
  }
}
