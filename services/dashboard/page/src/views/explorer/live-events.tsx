import type { ExplorerEvent } from '@arcadium/contracts/dashboard';
import { useEffect, useState } from 'react';
import { api } from '../../api/client.ts';
import { Failure } from '../../components/failure.tsx';
import { Note, Panel } from '../../components/panel.tsx';
import { JsonText, pretty } from './json-text.tsx';
import style from './procedure-panel.module.css';

/** Most events that are shown, newest first. */
const maxShown = 100;

type Watched = Parameters<typeof api.explorer.watch.subscribe>[0];

/** The events of a subscription as they arrive, while it is shown. */
export function LiveEvents({ request }: { request: Watched }) {
  const [events, setEvents] = useState<readonly ExplorerEvent[]>([]);
  const [ended, setEnded] = useState<unknown>();
  // The form makes a new component for each subscription.
  const [fixed] = useState(request);
  useEffect(() => {
    const subscription = api.explorer.watch.subscribe(fixed, {
      onData: ({ data }) => setEvents((before) => [data, ...before].slice(0, maxShown)),
      onError: setEnded,
      onComplete: () => setEnded(true),
    });
    return () => subscription.unsubscribe();
  }, [fixed]);
  return (
    <Panel title={ended === undefined ? 'Events' : 'Events, ended'}>
      <div className={style.about} role="log" aria-label="Events">
        {ended !== undefined && ended !== true && <Failure error={ended} />}
        {events.length === 0 && <Note>No event yet.</Note>}
        {events.map(({ number, event, failed }) => (
          <JsonText key={number} label={`${failed ? 'Error' : 'Event'} ${number}`} text={pretty(event)} />
        ))}
      </div>
    </Panel>
  );
}
