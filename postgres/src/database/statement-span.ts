import { tracing, type Span } from '@arcadium/mesh/telemetry';

import { nameOf, summaryOf } from './statement-name.ts';

type Query = (...given: unknown[]) => unknown;

/** Makes each query of a call's connection a span below the call's. */
export function traceQueries(query: Query, { context }: Span): Query {
  return (...given) => {
    const { tracer } = tracing;
    if (!tracer) return query(...given);
    const span = tracer.start(nameOf(given[0]), 'client', context);
    span.set('db.system.name', 'postgresql');
    const { operation, table } = summaryOf(given[0]);
    span.set('db.operation.name', operation);
    if (table !== undefined) span.set('db.collection.name', table);
    const last = given.at(-1);
    if (typeof last === 'function') {
      return query(...given.slice(0, -1), (error: unknown, result: unknown) => {
        end(span, error);
        (last as Query)(error, result);
      });
    }
    const running = query(...given);
    if (running instanceof Promise)
      running.then(
        () => end(span, undefined),
        (error: unknown) => end(span, error),
      );
    else end(span, undefined);
    return running;
  };
}

function end(span: Span, error: unknown): void {
  if (!error) return span.end();
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') span.set('db.response.status_code', code);
  // The message may have values.
  span.end(typeof code === 'string' ? code : 'ERROR');
}
