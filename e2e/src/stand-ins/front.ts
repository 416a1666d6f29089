import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { backContract, frontContract } from './relay-contract.ts';
import { runStandIn } from './run-stand-in.ts';
import { watchSignal } from './waiting.ts';

const [, , url = '', transport] = process.argv;

const back = connect(backContract, {
  as: 'anyone',
  url,
  log: silentLogger,
  transport: transport === 'http' ? 'http' : 'websocket',
});

runStandIn(frontContract, (log) => ({
  wait({ input, signal }) {
    watchSignal(log, { id: input.id, signal });
    return back.wait.query(input);
  },
}));
