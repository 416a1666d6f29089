import type { MapEdge } from '@arcadium/contracts/dashboard';
import { memo } from 'react';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { numbers, Table, type Column } from '../../components/table.tsx';
import { milliseconds, percent, rate } from '../../format.ts';
import style from './edge-table.module.css';
import { callerName, flagOf, keyOf, moodOf } from './words.ts';

interface EdgeTable {
  edges: readonly MapEdge[];
  onSelect: (edge: string) => void;
}

const marks = { calm: 'healthy', uneasy: 'degraded', failing: 'unhealthy' } as const;
const words = { calm: 'normal', uneasy: 'unusual', failing: 'failing' } as const;
const columns: readonly Column[] = [
  'Caller → target',
  'State',
  ...numbers(
    'Rate',
    'Success',
    'p50',
    'p95',
    'p99',
    'Retry budget',
    'Retries',
    'Hedges',
    'Refused',
    'In doubt',
  ),
];

/** The same data as the map, for screen readers and keyboards, and to compare. */
export function EdgeTable({ edges, onSelect }: EdgeTable) {
  return (
    <Panel title="Calls between services" flush>
      <Table label="Calls between services" columns={columns}>
        {edges.map((edge) => (
          <Row key={keyOf(edge)} edge={edge} onSelect={onSelect} />
        ))}
      </Table>
    </Panel>
  );
}

const Row = memo(function Row({ edge, onSelect }: { edge: MapEdge; onSelect: (edge: string) => void }) {
  const { caller, target, resilience } = edge;
  return (
    <tr>
      <th scope="row">
        <button type="button" className={style.name} onClick={() => onSelect(keyOf(edge))}>
          {callerName(caller)} → {target}
        </button>
      </th>
      <td>
        <StatusMark status={marks[moodOf(edge)]}>{flagOf(edge) ?? words[moodOf(edge)]}</StatusMark>
        {resilience && resilience.reasons.length > 0 && (
          <span className={style.reasons}>{resilience.reasons.join('; ')}</span>
        )}
      </td>
      <td className="number">{rate(edge.rate)}/s</td>
      <td className="number">{percent(edge.success)}</td>
      <td className="number">{milliseconds(edge.p50)}</td>
      <td className="number">{milliseconds(edge.p95)}</td>
      <td className="number">{milliseconds(edge.p99)}</td>
      <td className="number">{resilience ? resilience.retryBudget.toFixed(0) : '–'}</td>
      <Rate of={resilience?.retries} />
      <Rate of={resilience?.hedges} />
      <Rate of={resilience?.refused} />
      <Rate of={resilience?.doubts} />
    </tr>
  );
});

/** Events per second; a zero is not worth a look. */
function Rate({ of }: { of: number | undefined }) {
  return (
    <td className={of ? 'number' : 'number muted'}>
      {of === undefined ? '–' : of === 0 ? '0' : `${rate(of)}/s`}
    </td>
  );
}
