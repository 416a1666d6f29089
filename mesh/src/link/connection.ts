import { isNonJsonSerializable } from '@trpc/client';
import type { TRPCCombinedDataTransformer } from '@trpc/server';
import { createHttpTransport, isPerson, openConnection } from '../client/core.ts';
import { SocketTransport, type Transport } from '../client/index.ts';
import { serviceTokenScheme, userTokenScheme } from '../wire/index.ts';
import { errorReader } from './answer.ts';
import { encoder } from './encode.ts';
import { endpointUrls } from './endpoint-urls.ts';
import type { PlainOptions } from './options.ts';

/** Time until an endpoint that is not one of the mesh is asked again for a WebSocket, in milliseconds. */
const askAgainMs = 300_000;

/** Creates the connection of a link. @throws TypeError for an invalid `url`. */
export function connectionOf(
  options: PlainOptions,
  transformer: TRPCCombinedDataTransformer,
): ReturnType<typeof openConnection> {
  const { token, as = 'anyone' } = options;
  const urls = endpointUrls(options.url);
  const scheme = isPerson(as) ? userTokenScheme : serviceTokenScheme;
  return openConnection({
    target: options.name ?? new URL(urls[0]).host,
    as,
    urls,
    basePath: '',
    contract: options.contract,
    authorization: () => {
      const current = typeof token === 'function' ? token() : token;
      return current === undefined ? undefined : `${scheme} ${current}`;
    },
    readError: errorReader(transformer),
    open: ({ url, ip }, { connectTimeoutMs, tls, log, contracts }) => {
      const http = createHttpTransport(url, {
        connectTimeoutMs,
        ip,
        tls,
        contracts,
        encode: encoder(url, options),
      });
      if (options.transport === 'http') return http;
      return withBinary(
        new SocketTransport(http, { log, ip, tls, contracts, path: '', refusedForMs: askAgainMs }),
        http,
      );
    },
    policies: options,
  });
}

/** Sends forms and bytes over HTTP, and all other calls over the first transport. */
function withBinary(transport: Transport, http: Transport): Transport {
  return {
    url: transport.url,
    get leaving() {
      return transport.leaving;
    },
    get contract() {
      return transport.contract;
    },
    get shared() {
      return transport.shared ?? false;
    },
    send: (request) => (isNonJsonSerializable(request.input) ? http : transport).send(request),
    close: () => transport.close(),
  };
}
