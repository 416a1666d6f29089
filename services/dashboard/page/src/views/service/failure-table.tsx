import type { ServiceView } from '@arcadium/contracts/dashboard';
import { Link } from 'wouter';
import { Note, Panel } from '../../components/panel.tsx';
import { Table } from '../../components/table.tsx';
import { exactTime } from '../../format.ts';

interface FailureTable {
  failures: ServiceView['failures'];
  service: string;
}

/** The last failures, each a step from its trace and its log lines. */
export function FailureTable({ failures, service }: FailureTable) {
  return (
    <Panel
      title="Last failures"
      aside={<Link href={`/logs?service=${service}&level=error`}>All errors in the log</Link>}
      flush
    >
      {failures.length === 0 && <Note>No failure on record.</Note>}
      {failures.length > 0 && (
        <Table label="Last failures" columns={['Time', 'Message', 'Trace', 'Request']}>
          {failures.map(({ at, message, traceId, requestId }, index) => (
            <tr key={`${at} ${requestId ?? index}`}>
              <td>{exactTime(at)}</td>
              <td>{message}</td>
              <td>{traceId ? <Link href={`/traces/${traceId}`}>{traceId.slice(0, 8)}</Link> : '–'}</td>
              <td>
                {requestId ? (
                  <Link href={`/logs?requestId=${encodeURIComponent(requestId)}`}>
                    {requestId.slice(0, 8)}
                  </Link>
                ) : (
                  '–'
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
