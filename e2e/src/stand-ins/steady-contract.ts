import { anyone, contract, mutation } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** A service that answers all calls. */
export const steadyContract = contract('steady', {
  echo: mutation({
    summary: 'Answers with what it was sent',
    input: z.object({ n: z.int() }),
    output: z.object({ n: z.int() }),
    access: anyone,
  }),
});
