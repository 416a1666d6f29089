import type { ProcessFacts, Replica, SigningKeyView } from '@arcadium/contracts/dashboard';
import { Panel, TableRoom } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { count, duration, megabytes, milliseconds, percent } from '../../format.ts';
import { KeyTable } from './key-table.tsx';
import style from './service-view.module.css';

interface ProcessTable {
  processes: readonly ProcessFacts[];
  replicas: readonly Replica[];
  /** The keys that they sign tokens with. */
  keys: readonly SigningKeyView[] | null;
}

export function ProcessTable({ processes, replicas, keys }: ProcessTable) {
  return (
    <Panel title="Processes" flush>
      <TableRoom label="Processes">
        <table>
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col">Status</th>
              <th scope="col">Version</th>
              <th scope="col" className="number">
                Uptime
              </th>
              <th scope="col" className="number">
                CPU
              </th>
              <th scope="col" className="number">
                Memory
              </th>
              <th scope="col" className="number">
                Event loop
              </th>
              <th scope="col" className="number">
                Pool
              </th>
              <th scope="col" className="number">
                Queued
              </th>
              <th scope="col" className="number">
                Token expires in
              </th>
              <th scope="col">Revocations</th>
            </tr>
          </thead>
          <tbody>
            {processes.map((process) => (
              <Row
                key={process.url}
                process={process}
                replica={replicas.find(({ url }) => url === process.url)}
              />
            ))}
          </tbody>
        </table>
      </TableRoom>
      {keys && (
        <div className={style.keys}>
          <KeyTable keys={keys} />
        </div>
      )}
    </Panel>
  );
}

function Row({ process, replica }: { process: ProcessFacts; replica: Replica | undefined }) {
  const { poolUsed, poolMax } = process;
  return (
    <tr>
      <th scope="row">
        <code>{process.url.replace(/^https?:\/\//, '')}</code>
      </th>
      <td>
        <StatusMark status={replica?.status ?? 'unknown'} />
        {process.shedding && <div className="degraded">sheds calls</div>}
      </td>
      <td>{replica?.version ?? '–'}</td>
      <td className="number">{duration(replica?.uptime ?? null)}</td>
      <td className="number">{process.cpu === null ? '–' : percent(Math.round(process.cpu * 100) / 100)}</td>
      <td className="number">{megabytes(process.memoryBytes)}</td>
      <td className="number">{milliseconds(process.eventLoopDelayMs)}</td>
      <td className="number">{poolUsed === null ? '–' : `${poolUsed} / ${count(poolMax)}`}</td>
      <td className="number">{count(process.queued)}</td>
      <td className="number">{duration(process.tokenLifeSeconds)}</td>
      <td>{process.revocations ?? '–'}</td>
    </tr>
  );
}
