import { once } from 'node:events';
import { backContract } from './relay-contract.ts';
import { runStandIn } from './run-stand-in.ts';
import { watchSignal } from './waiting.ts';

runStandIn(backContract, (log) => ({
  async wait({ input, signal }) {
    watchSignal(log, { id: input.id, signal });
    await once(signal, 'abort');
    return {};
  },
}));
