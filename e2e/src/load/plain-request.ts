import { once } from 'node:events';
import { request, type Agent, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** What a request is made of, beside its URL. */
interface PlainRequest {
  /** Keeps connections; `false` for a new one. */
  readonly agent: Agent | false;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST. @default none, by GET */
  readonly body?: string;
}

/** Makes an HTTP request, once. @throws the connection's error, where no whole answer came. */
export async function plainRequest(
  url: string,
  { agent, headers = {}, body }: PlainRequest,
): Promise<{ status: number | undefined; body: string }> {
  const asked = request(url, { method: body === undefined ? 'GET' : 'POST', agent, headers });
  // What goes wrong later shows in the answer.
  asked.on('error', () => {});
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}
