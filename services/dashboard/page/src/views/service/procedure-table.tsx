import type { ProcedureView } from '@arcadium/contracts/dashboard';
import { Panel } from '../../components/panel.tsx';
import { Table, numbers } from '../../components/table.tsx';
import { count, milliseconds, percent, rate } from '../../format.ts';
import style from './procedure-table.module.css';

/** Procedures with traffic first. */
export function ProcedureTable({ procedures }: { procedures: readonly ProcedureView[] }) {
  return (
    <Panel title="Procedures" aside={<span className="muted">Last minute</span>} flush>
      <Table
        label="Procedures"
        columns={[
          'Procedure',
          ...numbers('Rate', 'Success', 'p50', 'p95', 'p99', 'In progress'),
          'May call',
          'Calls it',
        ]}
      >
        {procedures
          .toSorted((a, b) => b.rate - a.rate || a.path.localeCompare(b.path))
          .map((procedure) => (
            <Row key={procedure.path} procedure={procedure} />
          ))}
      </Table>
    </Panel>
  );
}

function Row({ procedure }: { procedure: ProcedureView }) {
  const { path, kind, summary, inFlight, limit, success } = procedure;
  return (
    <tr>
      <th scope="row" className={style.name}>
        <code>{path}</code> <span className={style.kind}>{kind}</span>
        <span className={style.summary}>{summary}</span>
      </th>
      <td className="number">{rate(procedure.rate)}/s</td>
      <td className={`number ${success !== null && success < 0.99 ? 'unhealthy' : ''}`}>
        {percent(success)}
      </td>
      <td className="number">{milliseconds(procedure.p50)}</td>
      <td className="number">{milliseconds(procedure.p95)}</td>
      <td className="number">{milliseconds(procedure.p99)}</td>
      <td className="number">{inFlight === null ? '–' : `${inFlight} / ${count(limit)}`}</td>
      <td className={style.words}>{procedure.access}</td>
      <td className={style.words}>
        {procedure.callers
          .map(({ caller, rate: perSecond }) => `${caller} ${rate(perSecond)}/s`)
          .join(', ') || '–'}
      </td>
    </tr>
  );
}
