import { nobody, type AnyContract } from '@arcadium/mesh/contract';
import { run, serve, type Handlers } from '@arcadium/mesh/server';
import { createLogger, type Logger } from '@arcadium/mesh/telemetry';
import { silentLogger } from '@arcadium/mesh/testing';

/**
 * Runs a small service as this process, without a database and open to anyone. It logs its address.
 *
 * @param handlers Get a separate logger: the service itself logs nothing, because it may be meant to fail.
 * @param options.drainDelayMs How long it accepts calls after SIGTERM, in milliseconds.
 * @default 0
 */
export function runStandIn<From extends AnyContract>(
  contract: From,
  handlers: (log: Logger) => Handlers<From>,
  options: { drainDelayMs?: number } = {},
): void {
  run(async () => {
    const log = createLogger({ service: contract.name });
    const service = await serve(contract, handlers(log), {
      ...options,
      version: '0.0.0',
      port: 0,
      log: silentLogger,
      authenticate: () => nobody,
      pingDatabase: async () => {},
    });
    service.ready();
    log.info({ listens_at: service.url }, 'the stand-in is ready');
    return service;
  });
}
