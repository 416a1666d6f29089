import type { ProcessFacts, Replica, SigningKeyView } from '@arcadium/contracts/dashboard';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { numbers, Table } from '../../components/table.tsx';
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
      <Table
        label="Processes"
        columns={[
          'Process',
          'Status',
          'Version',
          ...numbers('Uptime', 'CPU', 'Memory', 'Event loop', 'Pool', 'Queued', 'Token expires in'),
          'Revocations',
        ]}
      >
        {processes.map((process) => (
          <Row
            key={process.url}
            process={process}
            replica={replicas.find(({ url }) => url === process.url)}
          />
        ))}
      </Table>
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
