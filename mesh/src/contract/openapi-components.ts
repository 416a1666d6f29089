import { header, serviceTokenScheme, type ErrorShape } from '../wire/index.ts';
import type { JsonSchema } from './schema/json-schema.ts';

const parameters = {
  TimeLeft: headerParameter(header.timeoutMs, 'Time until the caller gives up, in milliseconds.', {
    type: 'integer',
    minimum: 1,
  }),
  IdempotencyKey: headerParameter(
    header.idempotencyKey,
    'Names this change: repeated with the same key, the call changes nothing again and gets the first answer.',
    { type: 'string', minLength: 1, maxLength: 255 },
  ),
};

const securitySchemes = {
  service: {
    type: 'apiKey',
    in: 'header',
    name: 'authorization',
    description: `\`${serviceTokenScheme} <token>\`: the token of a service.`,
  },
  user: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a user.',
  },
  userBehindService: {
    type: 'apiKey',
    in: 'header',
    name: header.userToken,
    description: 'The access token of the user for whom a service calls.',
  },
};

const issues = {
  description: 'What is wrong with the input.',
  type: 'array',
  items: {
    type: 'object',
    properties: {
      path: { type: 'array', items: { type: ['string', 'integer'] } },
      message: { type: 'string' },
    },
    required: ['path', 'message'],
  },
};

/** The JSON Schema of `ErrorShape`. */
export const errorSchema = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string', description: 'For people.' },
        code: { type: 'integer', description: 'The number of the code in JSON-RPC.' },
        data: {
          type: 'object',
          properties: {
            code: { type: 'string', description: 'Such as `NOT_FOUND`.' },
            httpStatus: { type: 'integer' },
            path: { type: 'string', description: 'The procedure.' },
            requestId: { type: 'string', description: 'The id of the request in the logs.' },
            issues,
            retry: { enum: ['safe', 'never'], description: 'Whether to repeat the call.' },
            retryAfterMs: { type: 'number', description: 'Time to wait before, in milliseconds.' },
          } satisfies Partial<Record<keyof ErrorShape['data'], unknown>>,
          required: ['code', 'httpStatus'],
        },
      },
      required: ['message', 'code', 'data'],
    },
  },
  required: ['error'],
};

/** The parameters and security schemes that paths name: tools warn of those that are not used. */
export function usedOf(paths: unknown) {
  const text = JSON.stringify(paths);
  const used = <Part>(parts: Readonly<Record<string, Part>>, mark: (name: string) => string) =>
    Object.fromEntries(Object.entries(parts).filter(([name]) => text.includes(mark(name))));
  return {
    securitySchemes: used(securitySchemes, (name) => `"${name}":[`),
    parameters: used(parameters, (name) => `"#/components/parameters/${name}"`),
  };
}

function headerParameter(name: string, description: string, schema: JsonSchema) {
  return { name, in: 'header', required: false, description, schema };
}
