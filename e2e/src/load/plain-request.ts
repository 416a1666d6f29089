import { once } from 'node:events';
import { request, type Agent, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request, besides its URL. */
interface PlainRequest {
  /** Keeps connections; `false` for a new one. */
  readonly agent: Agent | false;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with POST. @default no body, GET */
  readonly body?: string;
}

/** Makes an HTTP request, without retries. @throws the connection's error, if there is no complete answer. */
export async function plainRequest(
  url: string,
  { agent, headers = {}, body }: PlainRequest,
): Promise<{ status: number | undefined; body: string }> {
  const asked = request(url, { method: body === undefined ? 'GET' : 'POST', agent, headers });
  // Later errors appear in the answer.
  asked.on('error', () => {});
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}
