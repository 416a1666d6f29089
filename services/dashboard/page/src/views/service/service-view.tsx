import { useQuery } from '@tanstack/react-query';
import type { ServiceOverview } from '@arcadium/contracts/dashboard';
import { lazy, Suspense } from 'react';
import { Link } from 'wouter';
import { api } from '../../api/client.ts';
import { useStatus } from '../../api/live.ts';
import { Ago } from '../../components/ago.tsx';
import { Failure, Loading } from '../../components/failure.tsx';
import { IncidentList } from '../../components/incident-list.tsx';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { Strip } from '../../components/strip.tsx';
import { useTitle } from '../../components/use-title.ts';
import { milliseconds, percent } from '../../format.ts';
import { DatabasePanel } from './database-panel.tsx';
import { FailureTable } from './failure-table.tsx';
import { OutboxFacts } from './outbox-facts.tsx';
import { ProcedureTable } from './procedure-table.tsx';
import { ProcessTable } from './process-table.tsx';
import style from './service-view.module.css';

const ResponseTimes = lazy(() =>
  import('./response-times.tsx').then((file) => ({ default: file.ResponseTimes })),
);

/** Time between two questions for what has no subscription, in milliseconds. */
const refreshMs = 5000;

/** One service: its processes, its procedures, and what went wrong last. */
export function ServiceView({ name }: { name: string }) {
  useTitle(name);
  const status = useStatus();
  const overview = status.data?.services.find(({ service }) => service === name);
  const { data: view, error } = useQuery({
    queryKey: ['service', name],
    queryFn: () => api.services.get.query({ service: name }),
    refetchInterval: refreshMs,
  });
  const incidents = useQuery({
    queryKey: ['incidents', name, overview?.incident?.id],
    queryFn: () => api.status.incidents.query({ service: name, limit: 20 }),
    placeholderData: (previous) => previous,
  });
  return (
    <div className={style.view}>
      {overview ? <Head overview={overview} /> : <h1>{name}</h1>}
      {error ? <Failure error={error} /> : !view && <Loading />}
      {view && (
        <>
          <ProcessTable processes={view.processes} replicas={overview?.replicas ?? []} keys={view.keys} />
          <ProcedureTable procedures={view.procedures} />
          <div className={style.pair}>
            <Suspense fallback={<Loading />}>
              <ResponseTimes service={name} />
            </Suspense>
            <Panel title="Incidents" flush>
              {incidents.data && <IncidentList incidents={incidents.data.items} />}
            </Panel>
          </div>
          {view.database && <DatabasePanel database={view.database} />}
          <FailureTable failures={view.failures} service={name} />
          {view.outbox && <OutboxFacts outbox={view.outbox} service={name} />}
        </>
      )}
    </div>
  );
}

function Head({ overview }: { overview: ServiceOverview }) {
  const { service, status, replicas, uptime, strip, checkedAt, responseTimeMs } = overview;
  const reason = replicas.find((replica) => replica.reason !== null)?.reason;
  return (
    <header className={style.head}>
      <div className={style.title}>
        <h1>{service}</h1>
        <StatusMark status={status} />
        {reason && <span className="muted">{reason}</span>}
      </div>
      <dl className={style.figures}>
        <div>
          <dt>Response</dt>
          <dd>{milliseconds(responseTimeMs)}</dd>
        </div>
        <div>
          <dt>24 h</dt>
          <dd>{percent(uptime.day)}</dd>
        </div>
        <div>
          <dt>7 d</dt>
          <dd>{percent(uptime.week)}</dd>
        </div>
        <div>
          <dt>30 d</dt>
          <dd>{percent(uptime.month)}</dd>
        </div>
        <div>
          <dt>Checked</dt>
          <dd>
            <Ago at={checkedAt} />
          </dd>
        </div>
      </dl>
      <div className={style.strip}>
        <Strip points={strip} of="Last hour" />
      </div>
      <p className={style.links}>
        <Link href={`/traces?service=${service}`}>Traces</Link>
        <Link href={`/logs?service=${service}`}>Logs</Link>
        <Link href="/map">Map</Link>
      </p>
    </header>
  );
}
