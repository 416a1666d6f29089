import { contractHash, type ContractSnapshot } from '@arcadium/mesh/contract';
import { parseSnapshot } from '@arcadium/mesh/contract-check';
import { z } from 'zod';
import { fetchOfService } from '../../call/service-fetch.ts';

/** Longest wait for an answer, in milliseconds. */
const timeoutMs = 10_000;

/** What is read of `/api/mesh`. */
const meshState = z.object({
  service: z.string(),
  targets: z.array(z.object({ target: z.string(), contract: z.string().nullable() })),
  server: z.object({ clients: z.array(z.object({ caller: z.string(), contract: z.string().nullable() })) }),
});

/** One process of an environment, as it reports of itself. */
export interface RunningProcess {
  readonly url: string;
  readonly contract: ContractSnapshot;
  readonly hash: string;
  readonly state: z.output<typeof meshState>;
}

/**
 * Reads what a process reports of itself.
 *
 * @param logIn Gets the token of an administrator, for what the process does not tell anyone.
 * @throws Error with the reason, in one sentence.
 */
export async function readRunning(url: string, logIn: () => Promise<string>): Promise<RunningProcess> {
  const contract = parsed(url, '/api/contract', await ask(`${url}/api/contract`, logIn), parseSnapshot);
  const state = parsed(url, '/api/mesh', await ask(`${url}/api/mesh`, logIn), (value) => {
    const { data } = meshState.safeParse(value);
    if (!data) throw new TypeError('not the state of a service with this version of the mesh');
    return data;
  });
  return { url, contract, hash: contractHash(contract), state };
}

function parsed<Value>(url: string, path: string, text: string, parse: (value: unknown) => Value): Value {
  try {
    return parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`${url}${path} is not JSON`, { cause: error });
    throw new Error(`${url}${path} is ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function ask(address: string, logIn: () => Promise<string>): Promise<string> {
  let answer = await get(address);
  if (answer.status === 401) answer = await get(address, await logIn());
  if (answer.status !== 200) throw new Error(`${address} answered with HTTP status ${answer.status}`);
  return answer.text;
}

async function get(address: string, token?: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetchOfService(address, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${address} cannot be reached: ${why}`, { cause: error });
  }
}
