import type { z } from 'zod';
import { MeshError, type ErrorCode } from '../wire/index.ts';

/** A typed error of a procedure: code, message for people, and schema of its data. */
export type ErrorDefinition<Data extends z.ZodType = z.ZodType> = Readonly<{
  code: ErrorCode;
  message: string | ((data: never) => string);
  data: Data;
}>;

/** The typed errors of a procedure by name, such as `SLUG_TAKEN`. */
export type ErrorDefinitions = Readonly<Record<string, ErrorDefinition>>;

/**
 * Defines a typed error for a procedure's `errors`. @param message For people; a function of the data if it contains values.
 *
 * @example
 * const NOT_SOLD = error('NOT_FOUND', ({ id }) => `The shop does not sell ${id}`, z.object({ id: z.string() }));
 */
export function error<Data extends z.ZodType>(
  code: ErrorCode,
  message: string | ((data: z.output<Data>) => string),
  data: Data,
): ErrorDefinition<Data> {
  return { code, message, data };
}

/** The typed errors of a procedure as the client gets them: a union by `name`. */
export type NamedErrorOf<Errors extends ErrorDefinitions> = {
  [Name in keyof Errors & string]: Readonly<{ name: Name; data: z.output<Errors[Name]['data']> }>;
}[keyof Errors & string];

/** Functions that create the typed errors of a procedure for a handler to throw. */
export type ErrorFactories<Errors extends ErrorDefinitions> = Readonly<{
  [Name in keyof Errors & string]: (data: z.input<Errors[Name]['data']>) => MeshError;
}>;

/**
 * Makes the functions that make the typed errors of a procedure.
 *
 * @example
 * const NOT_SOLD = error('NOT_FOUND', 'The shop does not sell this', z.object({ id: z.string() }));
 * const errors = errorFactories({ NOT_SOLD });
 * throw errors.NOT_SOLD({ id: 'pen' });
 */
export function errorFactories<Errors extends ErrorDefinitions>(errors: Errors): ErrorFactories<Errors> {
  const factories = Object.entries(errors).map(([name, { code, message, data }]) => [
    name,
    (value: unknown) => {
      const parsed = data.parse(value);
      const text = typeof message === 'function' ? message(parsed as never) : message;
      return new MeshError(code, text, { named: { name, data: parsed } });
    },
  ]);
  return Object.fromEntries(factories) as ErrorFactories<Errors>;
}
