import { presentIncident } from '../presenters/incident.ts';
import type { StoredIncident } from '../stores/incidents.ts';

/** What an alert says, in each form. */
export interface AlertMessage {
  /** The same for each attempt, so that a receiver can drop a repetition. */
  readonly key: string;
  readonly subject: string;
  readonly text: string;
  /** JSON of the webhook; `text` is what chat services show. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** @param dashboard Address of the dashboard, for the reader. */
export function alertMessage(incident: StoredIncident, dashboard: string): AlertMessage {
  const { id, service, startedAt, endedAt, reason } = incident;
  const event = endedAt === null ? 'opened' : 'closed';
  const subject = endedAt === null ? `${service} does not serve` : `${service} serves again`;
  const since = new Date(startedAt).toISOString();
  const lines = [
    endedAt === null
      ? `${subject} since ${since}: ${reason}`
      : `${subject}, after ${duration(endedAt - startedAt)}`,
    ...(endedAt === null ? [] : [`It did not serve since ${since}: ${reason}`]),
    `${dashboard}/services/${service}`,
  ];
  return {
    key: `incident-${id}-${startedAt}-${event}`,
    subject,
    text: lines.join('\n'),
    body: { event: `incident.${event}`, text: lines.join('\n'), incident: presentIncident(incident) },
  };
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
