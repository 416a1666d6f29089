import { anyone, contract, query } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** A service that is there, and fails at everything. */
export const failingContract = contract('failing', {
  get: query({ summary: 'Fails', output: z.object({}), access: anyone }),
});
