import type { ServiceView } from '@arcadium/contracts/dashboard';
import { useSyncExternalStore } from 'react';
import { session } from '../../api/client.ts';
import { Ago } from '../../components/ago.tsx';
import { Panel } from '../../components/panel.tsx';
import { count } from '../../format.ts';
import { GivenUp } from './given-up.tsx';
import style from './service-view.module.css';

interface OutboxFacts {
  outbox: NonNullable<ServiceView['outbox']>;
  service: string;
}

/** Figures of the outbox and, for administrators, what was given up. */
export function OutboxFacts({ outbox, service }: OutboxFacts) {
  const isAdmin = useSyncExternalStore(session.subscribe, () => session.isAdmin);
  return (
    <>
      <Panel title="Outbox">
        <dl className={style.figures}>
          <div>
            <dt>Waiting</dt>
            <dd>{count(outbox.waiting)}</dd>
          </div>
          <div>
            <dt>Oldest</dt>
            <dd>{outbox.oldestAt === null ? '–' : <Ago at={outbox.oldestAt} />}</dd>
          </div>
          <div>
            <dt>Given up</dt>
            <dd className={outbox.givenUp > 0 ? 'unhealthy' : ''}>{count(outbox.givenUp)}</dd>
          </div>
        </dl>
      </Panel>
      {isAdmin && <GivenUp service={service} hasSome={outbox.givenUp > 0} />}
    </>
  );
}
