import { anyone, error, mutation, query, subscription } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../../example.ts';
import { explorerAnswer, explorerCall, explorerEvent, explorerService, explorerWatch } from '../explorer.ts';

const errors = {
  PROCEDURE_NOT_FOUND: error(
    'NOT_FOUND',
    'The service has no such procedure, or its contract is not known',
    z.object({ service: z.string(), path: z.string() }),
  ),
  WRONG_KIND: error(
    'BAD_REQUEST',
    'Subscriptions are opened by explorer.watch, all other procedures are called by explorer.run',
    z.object({ path: z.string(), kind: z.string() }),
  ),
  NO_CREDENTIALS: error(
    'FORBIDDEN',
    'To call as a user, log in; to call on behalf of a service, log in as an administrator where EXPLORER is open',
    z.object({ as: z.string() }),
  ),
};

/** Calls of any procedure of the watched services, for administrators; for everyone where EXPLORER is `open`. */
export const explorer = {
  list: query({
    summary: 'The contracts of all services, with JSON Schemas',
    output: z.object({
      /** Whether calls on behalf of a service are allowed. */
      open: z.boolean(),
      services: z.array(explorerService),
    }),
    access: anyone,
  }),
  run: mutation({
    summary: 'Make one call of a query or mutation of a service',
    input: explorerCall,
    output: explorerAnswer,
    timeoutMs: 35_000,
    examples: [{ service: 'wiki', path: 'pages.get', input: JSON.stringify({ slug: example.slug }) }],
    access: anyone,
    errors,
  }),
  watch: subscription({
    summary: 'Open a subscription of a service and show its events, at most 1000',
    input: explorerWatch,
    output: explorerEvent,
    examples: [{ service: 'dashboard', path: 'status.watch' }],
    access: anyone,
    errors,
  }),
};
