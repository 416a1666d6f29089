import { anyone, error, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../../example.ts';
import { line } from '../../field.ts';
import { listInput, listOf } from '../../list.ts';
import { trace, traceId, traceSummary } from '../trace.ts';

/** Traces. */
export const traces = {
  list: query({
    summary: 'Traces, newest first',
    input: listInput
      .extend({
        /** As its process calls itself (`service.name`), which need not be a service of the mesh. */
        service: line(128).optional(),
        /** Part of the name of any span. */
        name: line(200).optional(),
        failed: z.boolean().default(false),
        /** Only traces with a call of this request. */
        requestId: line(128).optional(),
        minMs: z.number().min(0).max(3_600_000).default(0),
      })
      .prefault({}),
    output: listOf(traceSummary),
    examples: [{ failed: true, limit: 10 }],
    access: anyone,
  }),
  get: query({
    summary: 'One trace with its spans',
    input: z.object({ traceId }),
    output: trace,
    examples: [{ traceId: example.traceId }],
    access: anyone,
    errors: {
      TRACE_NOT_FOUND: error(
        'NOT_FOUND',
        'This trace was not received, or is not kept any more',
        z.object({ traceId }),
      ),
    },
  }),
};
