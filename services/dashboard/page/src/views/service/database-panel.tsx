import type { MigrationsView, ServiceView, StatementView } from '@arcadium/contracts/dashboard';
import { Ago } from '../../components/ago.tsx';
import { Note, Panel } from '../../components/panel.tsx';
import { numbers, Table } from '../../components/table.tsx';
import { count, duration, milliseconds, rate } from '../../format.ts';

/** The statements of a service by the time that they took, and its migrations. */
export function DatabasePanel({ database }: { database: NonNullable<ServiceView['database']> }) {
  const { statements, migrations } = database;
  return (
    <Panel title="Database" flush>
      {migrations && <Migrations migrations={migrations} />}
      {statements.length === 0 && <Note>No statement since the start.</Note>}
      {statements.length > 0 && (
        <Table
          label="Statements by total time"
          columns={[
            'Statement',
            ...numbers('Calls per minute', 'Calls since start', 'Failed', 'Total', 'Mean', 'Longest'),
          ]}
        >
          {statements.map((statement) => (
            <Row key={statement.name} statement={statement} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Migrations({ migrations: { applied, last, pending, failed } }: { migrations: MigrationsView }) {
  return (
    <Note>
      Migrations: {count(applied)} applied
      {last && (
        <>
          , last <code>{last.name}</code> <Ago at={last.at} />
        </>
      )}
      {pending > 0 && <span className="degraded"> · {count(pending)} pending</span>}
      {failed !== null && (
        <span className="unhealthy">
          {' '}
          · <code>{failed}</code> failed
        </span>
      )}
    </Note>
  );
}

function Row({ statement }: { statement: StatementView }) {
  const { name, calls, failures, totalMs, meanMs, longestMs } = statement;
  return (
    <tr>
      <th scope="row">
        <code>{name}</code>
      </th>
      <td className="number">{statement.rate === null ? '–' : rate(statement.rate * 60)}</td>
      <td className="number">{count(calls)}</td>
      <td className={failures > 0 ? 'number degraded' : 'number'}>{count(failures)}</td>
      <td className="number">{totalMs < 60_000 ? milliseconds(totalMs) : duration(totalMs / 1000)}</td>
      <td className="number">{milliseconds(meanMs)}</td>
      <td className="number">{milliseconds(longestMs)}</td>
    </tr>
  );
}
