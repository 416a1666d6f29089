import { runStandIn } from './run-stand-in.ts';
import { steadyContract } from './steady-contract.ts';

runStandIn(steadyContract, () => ({ echo: async ({ input }) => input }), {
  drainDelayMs: Number(process.argv[2]),
});
