import { MeshError } from '@arcadium/mesh/wire';
import { failingContract } from './failing-contract.ts';
import { runStandIn } from './run-stand-in.ts';

/** Whether it says that it did nothing, as one does that has too much to do. */
const refuses = process.argv[2] === 'refuses';

runStandIn(failingContract, () => ({
  async get() {
    throw new MeshError('SERVICE_UNAVAILABLE', 'It always fails', refuses ? { retry: 'safe' } : {});
  },
}));
