import { isNonJsonSerializable, type Operation, type OperationLink } from '@trpc/client';
import type { AnyTRPCRouter, TRPCCombinedDataTransformer } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { call, listen, type Connection } from '../client/core.ts';
import { header } from '../wire/index.ts';
import { outputOf, toCallersError } from './answer.ts';
import { readContext } from './context.ts';
import { headersFor } from './headers.ts';
import type { PlainOptions } from './options.ts';
import { Targets } from './targets.ts';

/** Hands queries and mutations to the road of all calls. */
export function callLink(
  connection: Connection,
  options: PlainOptions,
  transformer: TRPCCombinedDataTransformer,
): OperationLink<AnyTRPCRouter> {
  const { idempotent } = options;
  const targets = new Targets({ service: connection.target, output: outputOf(transformer), idempotent });

  const make = async (op: Operation, signal: AbortSignal): Promise<unknown> => {
    const context = readContext(op.context);
    const given = headersFor(op, options.headers, context.headers);
    const { [header.authorization]: authorization, ...headers } =
      given instanceof Promise ? await given : given;
    const input = isNonJsonSerializable(op.input) ? op.input : transformer.input.serialize(op.input);
    return call(connection, targets.of(op, context), input, { ...context, headers, authorization, signal });
  };

  return ({ op }) =>
    observable((observer) => {
      const ended = new AbortController();
      const stop = (reason?: unknown): void => ended.abort(reason);
      const listening = op.signal ? listen(op.signal, stop) : undefined;
      if (op.signal?.aborted) stop(op.signal.reason);
      let isSettled = false;
      const settle = (): void => {
        isSettled = true;
        listening?.remove();
      };
      make(op, ended.signal).then(
        (data) => {
          settle();
          observer.next({ result: { type: 'data', data } });
          observer.complete();
        },
        (error: unknown) => {
          settle();
          observer.error(toCallersError(error, ended.signal));
        },
      );
      return () => {
        if (!isSettled) stop();
      };
    });
}
