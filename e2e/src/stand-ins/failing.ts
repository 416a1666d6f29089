import { MeshError } from '@arcadium/mesh/contract';
import { failingContract } from './failing-contract.ts';
import { runStandIn } from './run-stand-in.ts';

/** Whether it says that it did not execute the call, like an overloaded service. */
const refuses = process.argv[2] === 'refuses';

runStandIn(failingContract, () => ({
  async get() {
    throw new MeshError('SERVICE_UNAVAILABLE', 'It always fails', refuses ? { retry: 'safe' } : {});
  },
}));
