import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Interval of the readiness checks, in milliseconds. */
const everyMs = 200;

/** A load balancer with a health check in front of several servers. */
export interface ReadyProxy extends AsyncDisposable {
  readonly url: string;
}

/**
 * Forwards each connection to one of the servers whose last `/readyz` was 200, in turn. It does not try
 * another one, so the caller sees what that server refuses or cuts.
 *
 * @param urls The servers, such as `http://127.0.0.1:8000`; read each time.
 */
export async function startReadyProxy(urls: ReadonlySet<string>): Promise<ReadyProxy> {
  const ready = new Set<string>();
  const look = async (url: string): Promise<void> => {
    const answer = await fetch(`${url}/readyz`, { headers: { connection: 'close' } }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true && urls.has(url)) ready.add(url);
    else ready.delete(url);
  };
  const lookAtAll = () => Promise.all([...urls, ...ready].map(look));
  await lookAtAll();
  const looking = setInterval(() => void lookAtAll(), everyMs);

  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
    const choice = [...ready];
    const url = choice[(turn += 1) % choice.length];
    if (url === undefined) return caller.resetAndDestroy();
    const { hostname: host, port } = new URL(url);
    const replica = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
    for (const [from, to] of [
      [caller, replica],
      [replica, caller],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => open.delete(from));
    }
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
