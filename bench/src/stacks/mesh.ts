import { connect, type TransportName } from '@arcadium/mesh/client';
import { contract, mutation, services } from '@arcadium/mesh/contract';
import { createAuthenticate, createKeySet, publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey, importSigningKey, issueServiceToken } from '@arcadium/mesh/issuer';
import { serve } from '@arcadium/mesh/server';
import { createLogger, openTelemetry, scopes, startTrace } from '@arcadium/mesh/telemetry';
import { openTls } from '@arcadium/mesh/tls';
import { accept, messageSchema, receiptSchema, type Receipt } from '../message.ts';
import type { Address, BenchClient, BenchServer, Size, Stack, TlsFiles } from '../stack.ts';

const notify = mutation({
  summary: 'Accepts a notification',
  input: messageSchema,
  output: receiptSchema,
  access: services('bench'),
  // Other stacks wait for ever, so a busy machine must not make only the mesh fail; the length of a timeout
  // does not affect its cost.
  timeoutMs: 60_000,
});

/** The mesh as a service uses it; its rows differ only in the transport. */
export function meshStack(transport: TransportName): Stack {
  return {
    startServer,
    startClient: (address, size) => startClient(address, transport, size),
  };
}

const unused = async (): Promise<Receipt> => {
  throw new Error('Nobody calls this procedure');
};

async function startServer({ procedures = 1, tracing, tls }: Size = {}): Promise<BenchServer> {
  const log = createLogger({ service: 'notifications', level: 'info' });
  await traceAs('notifications', tracing);
  const signingKey = await generateSigningKey();
  const keys = await createKeySet({ initial: [publicPart(signingKey)], log });
  // The others are never called: the router has to find `notify` among them.
  const others = Array.from({ length: procedures - 1 }, (_, index) => `other${index}`);
  const service = await serve(
    contract('notifications', { ...Object.fromEntries(others.map((name) => [name, notify])), notify }),
    {
      ...Object.fromEntries(others.map((name) => [name, unused])),
      notify: async ({ input }) => accept(input),
    },
    {
      version: '1',
      port: 0,
      log,
      tls: tls && openTls({ ...tls.server, log }),
      authenticate: createAuthenticate(keys),
      pingDatabase: async () => {},
    },
  );
  service.ready();
  return { address: { port: service.port, signingKey }, close: () => service.stop() };
}

async function startClient(
  { port, signingKey }: Address,
  transport: TransportName,
  { tokens: count = 1, tracing, tls }: Size = {},
): Promise<BenchClient> {
  if (!signingKey) throw new Error('The address of a mesh server holds the key to sign tokens with');
  const key = await importSigningKey(signingKey);
  const tokens: string[] = [];
  for (let made = 0; made < count; made += 1) {
    tokens.push((await issueServiceToken(key, { id: 'bench-id', name: 'bench' })).token);
  }
  let next = 0;
  const log = createLogger({ service: 'bench', level: 'info' });
  const client = connect(contract('notifications', { notify }), {
    as: 'bench',
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    tls: tls && clientTls(tls.client),
    token: () => tokens[(next = (next + 1) % count)],
    log,
    transport,
  });
  await traceAs('bench', tracing);
  // As in a service's handler: a call carries on the trace and deadline of its own call.
  const scope = {
    requestId: crypto.randomUUID(),
    trace: startTrace(),
    deadline: performance.now() + 24 * 60 * 60 * 1000,
    signal: new AbortController().signal,
  };
  return {
    call: tracing
      ? (message) => client.notify.mutate(message)
      : (message) => scopes.run(scope, () => client.notify.mutate(message)),
    close: () => client[Symbol.asyncDispose](),
  };
}

const opened = new WeakMap<TlsFiles, ReturnType<typeof openTls>>();

/** A process reads its files once, however many clients it has. */
function clientTls(files: TlsFiles) {
  if (!opened.has(files)) {
    opened.set(files, openTls({ ...files, log: createLogger({ service: 'bench', level: 'info' }) }));
  }
  return opened.get(files);
}

/** Ends with the process. */
async function traceAs(service: string, tracing: Size['tracing']): Promise<void> {
  const log = createLogger({ service });
  await openTelemetry({
    service,
    version: '1',
    log,
    endpoint: tracing?.endpoint,
    traceShare: tracing?.share,
  });
}
