import type { Incident } from '@arcadium/contracts/dashboard';
import { Link } from 'wouter';
import { duration, timeOfDay } from '../format.ts';
import style from './incident-list.module.css';
import { Note } from './panel.tsx';
import { StatusMark } from './status-mark.tsx';

interface IncidentList {
  incidents: readonly Incident[];
  withService?: boolean;
}

export function IncidentList({ incidents, withService = false }: IncidentList) {
  if (incidents.length === 0) return <Note>No incident on record.</Note>;
  return (
    <ul className={style.list}>
      {incidents.map((incident) => (
        <li key={incident.id}>
          <p className={style.first}>
            {withService && <Link href={`/services/${incident.service}`}>{incident.service}</Link>}
            <StatusMark status={incident.endedAt === null ? 'unhealthy' : 'healthy'}>
              {incident.endedAt === null ? 'open' : `over after ${lengthOf(incident)}`}
            </StatusMark>
          </p>
          <p className="muted">
            {timeOfDay(incident.startedAt)} · {incident.reason} ·{' '}
            <Link href={`/map?at=${encodeURIComponent(incident.startedAt)}`}>map of that minute</Link>
          </p>
        </li>
      ))}
    </ul>
  );
}

function lengthOf({ startedAt, endedAt }: Incident): string {
  return duration((Date.parse(endedAt ?? startedAt) - Date.parse(startedAt)) / 1000);
}
