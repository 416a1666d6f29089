import type { Alternative } from './access.ts';
import type { ErrorDescription, ProcedureDescription } from './description.ts';
import { errorSchema, usedOf } from './openapi-components.ts';
import type { JsonSchema } from './schema/json-schema.ts';

/** An OpenAPI 3.1 document. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

/** What an OpenAPI document says of the service itself. */
export type OpenApiOptions = Readonly<{
  /** Name of the service, the document's title. */
  name: string;
  version: string;
  /** Where the service is; a path is relative to the document. @default '/' */
  url?: string;
}>;

/**
 * Describes procedures as OpenAPI 3.1, for tools that know no tRPC. Queries and mutations are POST with the input as
 * JSON; subscriptions are GET and answer with server-sent events. Typed errors are told apart by `data.error.name`.
 *
 * @param procedures From `describeProcedures(entriesOf(contract))`, or from `/api/contract`.
 * @example
 * const document = openApi(describeProcedures(entriesOf(shopContract)), { name: 'shop', version: '1.0.0' });
 */
export function openApi(
  procedures: readonly ProcedureDescription[],
  { name, version, url = '/' }: OpenApiOptions,
): OpenApiDocument {
  const schemas: Record<string, JsonSchema> = { Error: errorSchema };
  const groups = [...new Set(procedures.map(({ path }) => groupOf(path)))];
  const paths = procedures.map((procedure) => [
    `/trpc/${procedure.path}`,
    procedure.kind === 'subscription'
      ? { get: subscription(procedure, schemas) }
      : { post: call(procedure, schemas) },
  ]);
  return {
    openapi: '3.1.1',
    info: {
      title: name,
      version,
      description: `Procedures of the ${name} service, in tRPC's format over HTTP.`,
      // Tools ask for a licence, and a contract has none: SPDX's word for that.
      license: { name: 'Not stated', identifier: 'NOASSERTION' },
    },
    servers: [{ url }],
    tags: groups.map((group) => ({ name: group, description: `Procedures \`${group}.*\`.` })),
    paths: Object.fromEntries(paths),
    components: { ...usedOf(paths), schemas },
  };
}

function call(procedure: ProcedureDescription, schemas: Record<string, JsonSchema>) {
  const { path, input, inputOptional, output, idempotent, examples } = procedure;
  return {
    ...described(procedure),
    parameters: [
      { $ref: '#/components/parameters/TimeLeft' },
      ...(idempotent === 'by-key' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ],
    ...(input && {
      requestBody: {
        required: !inputOptional,
        content: json(hoisted(input, `${path}.input`, schemas), examples),
      },
    }),
    responses: {
      200: {
        description: 'The answer.',
        content: json(result(output && hoisted(output, `${path}.output`, schemas))),
      },
      ...failures(procedure, schemas),
    },
  };
}

function subscription(procedure: ProcedureDescription, schemas: Record<string, JsonSchema>) {
  const { path, input, inputOptional, output, examples } = procedure;
  return {
    ...described(procedure),
    ...(input && {
      parameters: [
        {
          name: 'input',
          in: 'query',
          required: !inputOptional,
          description: 'The input, as JSON.',
          content: json(hoisted(input, `${path}.input`, schemas), examples),
        },
      ],
    }),
    responses: {
      200: {
        description: 'The `data` of each server-sent event is JSON of this schema.',
        content: {
          'text/event-stream': { schema: output ? hoisted(output, `${path}.output`, schemas) : {} },
        },
      },
      ...failures(procedure, schemas),
    },
  };
}

function described({ path, summary, access, rateLimit, timeoutMs, idempotent, kind }: ProcedureDescription) {
  const facts = [
    `For ${access.words}.`,
    timeoutMs !== null && `Ends after ${timeoutMs} ms.`,
    rateLimit && `An address may call it ${rateLimit.calls} times in ${rateLimit.perMs / 1000} s.`,
    kind === 'mutation' && idempotent === true && 'May be repeated.',
    kind === 'mutation' && idempotent === false && 'Must not be repeated if its outcome is unknown.',
  ];
  return {
    operationId: path,
    tags: [groupOf(path)],
    summary,
    description: facts.filter(Boolean).join(' '),
    security: access.alternatives.map(requirement),
  };
}

/** OpenAPI 3.1 allows names of roles for schemes other than OAuth: here the scopes, and the role of an administrator. */
function requirement({ services, serviceScopes = [], user, userScopes = [] }: Alternative) {
  const roles = [...(user === 'admin' ? ['admin'] : []), ...userScopes];
  return {
    ...(services && { service: serviceScopes }),
    ...(user && { [services ? 'userBehindService' : 'user']: roles }),
  };
}

/** The answers of a call that fails, by status: what any call can get, and the typed errors of the procedure. */
function failures({ path, errors, input }: ProcedureDescription, schemas: Record<string, JsonSchema>) {
  const byStatus = Map.groupBy(errors, ({ httpStatus }) => httpStatus);
  const any = { $ref: '#/components/schemas/Error' };
  if (input && !byStatus.has(400)) byStatus.set(400, []);
  const typed = [...byStatus].map(([status, own]) => {
    const choices = own.map((one) => typedError(one, hoisted(one.data, `${path}.${one.name}`, schemas)));
    const words = own.map(({ name, message }) => (message ? `${name}: ${message}.` : `${name}.`));
    return [
      status,
      {
        description: words.join(' ') || 'The input does not fit its schema.',
        content: json(choices.length === 0 ? any : { anyOf: [...choices, any] }),
      },
    ];
  });
  return {
    ...Object.fromEntries(typed),
    '4XX': { description: 'Not admitted, or one of too many calls.', content: json(any) },
    '5XX': { description: 'Failed in the service, or refused because of overload.', content: json(any) },
  };
}

function typedError({ name, code }: ErrorDescription, data: JsonSchema): JsonSchema {
  const named = {
    type: 'object',
    properties: { name: { const: name }, data },
    required: ['name', 'data'],
  };
  const own = {
    type: 'object',
    properties: { code: { const: code }, error: named },
    required: ['code', 'error'],
  };
  return {
    allOf: [
      { $ref: '#/components/schemas/Error' },
      { type: 'object', properties: { error: { type: 'object', properties: { data: own } } } },
    ],
  };
}

function result(output: JsonSchema | null): JsonSchema {
  const data = output ? { properties: { data: output }, required: ['data'] } : {};
  return {
    type: 'object',
    properties: { result: { type: 'object', ...data } },
    required: ['result'],
  };
}

/**
 * A schema whose references lead to `schemas`, where its own definitions go: in OpenAPI, `#` is the document, not the
 * schema.
 */
function hoisted(schema: JsonSchema, name: string, schemas: Record<string, JsonSchema>): JsonSchema {
  const text = JSON.stringify(schema);
  if (!text.includes('"$ref":"#')) return schema;
  const { $defs = {}, ...root } = JSON.parse(
    text.replaceAll(/"\$ref":"#(?:\/\$defs\/([^"]+))?"/g, (_, own?: string) => {
      const target = own === undefined ? name : `${name}.${own}`;
      return `"$ref":"#/components/schemas/${target}"`;
    }),
  ) as JsonSchema & { $defs?: Record<string, JsonSchema> };
  for (const [own, definition] of Object.entries($defs)) schemas[`${name}.${own}`] = definition;
  schemas[name] = root;
  return { $ref: `#/components/schemas/${name}` };
}

function json(schema: JsonSchema, values: readonly unknown[] = []) {
  const examples = Object.fromEntries(values.map((value, index) => [`example${index + 1}`, { value }]));
  return { 'application/json': { schema, ...(values.length > 0 && { examples }) } };
}

function groupOf(path: string): string {
  return path.split('.', 1)[0] ?? path;
}
