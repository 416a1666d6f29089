import { anyone, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { line } from '../../field.ts';
import { listInput, listOf } from '../../list.ts';
import { logLevels, logLine, traceId } from '../trace.ts';

/** Log lines. */
export const logs = {
  list: query({
    summary: 'Log lines, newest first',
    input: listInput
      .extend({
        /** As its process calls itself (`service.name`), which need not be a service of the mesh. */
        service: line(128).optional(),
        level: z.enum(logLevels).default('trace'),
        /** Part of the message or of a field. */
        text: line(200).optional(),
        traceId: traceId.optional(),
        requestId: line(128).optional(),
      })
      .prefault({}),
    output: listOf(logLine),
    examples: [{ service: 'wiki', level: 'warn', limit: 10 }],
    access: anyone,
  }),
};
