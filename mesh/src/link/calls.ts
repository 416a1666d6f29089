import { isNonJsonSerializable, type Operation, type OperationLink } from '@trpc/client';
import type { AnyTRPCRouter, TRPCCombinedDataTransformer } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { call, Cancellation, type Connection } from '../client/core.ts';
import { header } from '../wire/index.ts';
import { outputOf, toCallersError } from './answer.ts';
import { readContext } from './context.ts';
import { headersFor } from './headers.ts';
import type { PlainOptions } from './options.ts';
import { Targets } from './targets.ts';

/** Hands a query or a mutation to the road of all calls. @throws CallError for a wrong context, before it returns. */
export type MakeCall = (op: Operation, cancellation?: Cancellation) => Promise<unknown>;

export function callMaker(
  connection: Connection,
  options: PlainOptions,
  transformer: TRPCCombinedDataTransformer,
): MakeCall {
  const { idempotent } = options;
  const targets = new Targets({ service: connection.target, output: outputOf(transformer), idempotent });

  return (op, cancellation) => {
    const context = readContext(op.context);
    const send = (given: Readonly<Record<string, string>>): Promise<unknown> => {
      const { [header.authorization]: authorization, ...headers } = given;
      const input = isNonJsonSerializable(op.input) ? op.input : transformer.input.serialize(op.input);
      const signal = op.signal ?? undefined;
      const own = { ...context, headers, authorization, signal, cancellation };
      return call(connection, targets.of(op, context), input, own);
    };
    const headers = headersFor(op, options.headers, context.headers);
    return headers instanceof Promise ? headers.then(send) : send(headers);
  };
}

/** Makes the queries and mutations of a tRPC client. */
export function callLink(make: MakeCall): OperationLink<AnyTRPCRouter> {
  return ({ op }) =>
    observable((observer) => {
      let isSettled = false;
      const onFailed = (error: unknown): void => {
        isSettled = true;
        observer.error(toCallersError(error, op.signal));
      };
      const cancellation = new Cancellation();
      try {
        make(op, cancellation).then((data) => {
          isSettled = true;
          observer.next({ result: { type: 'data', data } });
          observer.complete();
        }, onFailed);
      } catch (error) {
        onFailed(error);
      }
      return () => {
        if (!isSettled) cancellation.cancel(new DOMException('The call was unsubscribed', 'AbortError'));
      };
    });
}
