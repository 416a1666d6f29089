import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServedWiki } from './served.ts';

/** Headers with a caller's address and credentials. */
export type Headers = Readonly<Record<string, string>>;

/** A caller without credentials, from a certain address. */
export const from = (address: string): Headers => ({ 'x-forwarded-for': address });

/** An answer: its status, and the seconds in `retry-after`. */
export interface Reply {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

/** A single query. */
export function ask(wiki: ServedWiki, path: string, input: unknown, headers: Headers = {}): Promise<Reply> {
  return reply(`${wiki.url}/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`, { headers });
}

/** Makes a call up to five times, waiting as told, like a client under overload. @returns The last answer. */
export async function patiently(call: () => Promise<Reply>): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await call();
    if (answer.status !== 503 || answer.retryAfter === null || attempt === 5) return answer;
    await delay(Number(answer.retryAfter) * 1000);
  }
}

/** A single mutation. */
export function send(wiki: ServedWiki, path: string, input: unknown, headers: Headers): Promise<Reply> {
  const json = { 'content-type': 'application/json', ...headers };
  return reply(`${wiki.url}/trpc/${path}`, { method: 'POST', headers: json, body: JSON.stringify(input) });
}

/** The same query several times in one HTTP request; its parts have no status of their own. */
export async function askBatch(
  wiki: ServedWiki,
  { path, input, times }: { path: string; input: unknown; times: number },
  headers: Headers = {},
): Promise<number[]> {
  const paths = Array.from({ length: times }, () => path).join(',');
  const inputs = Object.fromEntries(Array.from({ length: times }, (_, n) => [n, input]));
  const query = `batch=1&input=${encodeURIComponent(JSON.stringify(inputs))}`;
  const { body } = await reply(`${wiki.url}/trpc/${paths}?${query}`, { headers });
  return (body as Part[]).map(statusOf);
}

type Part = { error?: { data: { httpStatus: number } } };
const statusOf = ({ error }: Part): number => error?.data.httpStatus ?? 200;

async function reply(url: string, init: RequestInit): Promise<Reply> {
  const response = await fetch(url, init);
  const { status, headers } = response;
  return { status, retryAfter: headers.get('retry-after'), body: await response.json() };
}

/**
 * Opens a WebSocket whose calls are sent in one message, without credentials, from this machine's own
 * address.
 */
export async function openSocket(wiki: ServedWiki) {
  const socket = new WebSocket(`${wiki.url.replace('http', 'ws')}/trpc`);
  await once(socket, 'open');
  const waiting = new Map<number, (status: number) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, ...part } = JSON.parse(String(data)) as Part & { id: number };
    waiting.get(id)?.(statusOf(part));
  });
  return {
    /** The same query several times in one message. */
    ask(path: string, input: unknown, times: number): Promise<number[]> {
      const ids = Array.from({ length: times }, (_, n) => waiting.size + n);
      const answers = ids.map((id) => new Promise<number>((resolve) => waiting.set(id, resolve)));
      socket.send(JSON.stringify(ids.map((id) => ({ id, method: 'query', params: { path, input } }))));
      return Promise.all(answers);
    },
    close: () => socket.close(),
  };
}

/** Runs an attack while honest callers continue. @returns The statuses that honest callers got, by kind. */
export async function beside(
  attack: Promise<unknown>,
  honest: Readonly<Record<string, () => Promise<number>>>,
): Promise<Record<string, number[]>> {
  const over = new AbortController();
  void attack.finally(() => over.abort()).catch(() => {});
  const rounds: [string, number][][] = [];
  do {
    const calls = Object.entries(honest).map(async ([kind, call]): Promise<[string, number]> => [
      kind,
      await call(),
    ]);
    rounds.push(await Promise.all(calls));
    await delay(50);
  } while (!over.signal.aborted);
  await attack;
  return Object.fromEntries(
    Object.keys(honest).map((kind) => [
      kind,
      [
        ...new Set(
          rounds
            .flat()
            .filter(([of]) => of === kind)
            .map(([, status]) => status),
        ),
      ],
    ]),
  );
}

/** The status of `/readyz`. */
export async function readiness(wiki: ServedWiki): Promise<number> {
  const response = await fetch(`${wiki.url}/readyz`);
  await response.arrayBuffer();
  return response.status;
}
