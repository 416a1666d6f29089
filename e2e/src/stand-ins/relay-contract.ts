import { anyone, contract, query } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** A call without an answer: it ends when its signal fires. */
const wait = query({
  summary: 'Waits for its own end',
  input: z.object({ id: z.string() }),
  output: z.object({}),
  access: anyone,
  timeoutMs: 60_000,
});

/** Its handler waits by calling `back`. */
export const frontContract = contract('front', { wait });

export const backContract = contract('back', { wait });
