import { anyone, contract, query } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** A call that nobody answers: it ends when its signal fires. */
const wait = query({
  summary: 'Waits for its own end',
  input: z.object({ id: z.string() }),
  output: z.object({}),
  access: anyone,
  timeoutMs: 60_000,
});

/** Waits by calling `back`, within its handler. */
export const frontContract = contract('front', { wait });

export const backContract = contract('back', { wait });
