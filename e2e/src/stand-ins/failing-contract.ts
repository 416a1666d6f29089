import { anyone, contract, query } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** A service that fails all calls. */
export const failingContract = contract('failing', {
  get: query({ summary: 'Fails', output: z.object({}), access: anyone }),
});
