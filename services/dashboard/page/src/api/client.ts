import { createTRPCClient, createWSClient, httpLink, splitLink, wsLink, type TRPCLink } from '@trpc/client';
import type { Api, Router } from './api.ts';
import { Connection } from './connection.ts';
import { Session } from './session.ts';

/** Whether the page is connected. */
export const connection = new Connection();

/** Who is logged in. */
export const session: Session = new Session(() => loggingIn.sessions);

/** Log-in, refresh and log-out carry no token of their own. */
const loggingIn: Api = createTRPCClient<Router>({ links: [httpLink({ url: '/trpc' })] });

const { protocol, host } = globalThis.location;

function open(): ReturnType<typeof createWSClient> {
  const isCurrent = (): boolean => opened === socket;
  const opened = createWSClient({
    url: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/trpc`,
    connectionParams: () => session.headers(),
    retryDelayMs: (attempt) => Math.min(500 * 2 ** attempt, 10_000),
    // Notices a connection that broke without a word.
    keepAlive: { enabled: true, intervalMs: 15_000, pongTimeoutMs: 5000 },
    onOpen: () => isCurrent() && connection.set('open'),
    onClose: () => isCurrent() && connection.set('closed'),
  });
  return opened;
}

let socket = open();

const overSocket: TRPCLink<Router> = (runtime) => (call) => wsLink<Router>({ client: socket })(runtime)(call);

/** The dashboard, typed by its contract: queries over HTTP, subscriptions over one WebSocket. */
export const api: Api = createTRPCClient<Router>({
  links: [
    splitLink({
      condition: (operation) => operation.type === 'subscription',
      true: overSocket,
      false: httpLink({ url: '/trpc', headers: () => session.headers() }),
    }),
  ],
});

// A WebSocket has the credentials of its first message.
session.subscribe(() => {
  const last = socket;
  socket = open();
  void last.close();
});
