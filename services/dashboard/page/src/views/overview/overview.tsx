import { lazy, Suspense } from 'react';
import type { ServiceOverview, ServiceStatus } from '@arcadium/contracts/dashboard';
import { Link } from 'wouter';
import { useStatus } from '../../api/live.ts';
import { Ago } from '../../components/ago.tsx';
import { Loading, Missing } from '../../components/failure.tsx';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { timeOfDay } from '../../format.ts';
import { useTitle } from '../../components/use-title.ts';
import style from './overview.module.css';
import { RecentIncidents } from './recent-incidents.tsx';
import { ServiceTable } from './service-table.tsx';

const LiveMap = lazy(() => import('../map/live-map.tsx').then((file) => ({ default: file.LiveMap })));

/** All services at a glance: what is wrong comes first. */
export function Overview() {
  useTitle('Overview');
  const { data, error } = useStatus();
  if (!data) return <Missing title="Overview" error={error} />;
  return (
    <div className={style.overview}>
      <Headline services={data.services} at={data.at} />
      <OpenIncidents services={data.services} />
      <ServiceTable services={data.services} />
      <div className={style.below}>
        <Panel title="Traffic" aside={<Link href="/map">Open the map</Link>} flush>
          <Suspense fallback={<Loading />}>
            <LiveMap />
          </Suspense>
        </Panel>
        <RecentIncidents />
      </div>
    </div>
  );
}

function Headline({ services, at }: { services: readonly ServiceOverview[]; at: string }) {
  const worst = worstOf(services);
  const affected = services.filter(({ status }) => status === worst).length;
  return (
    <div className={style.headline} data-worst={worst}>
      <h1>
        <StatusMark status={worst}>
          {worst === 'healthy'
            ? `All ${services.length} services are healthy`
            : `${affected} of ${services.length} services ${affected === 1 ? 'is' : 'are'} ${worst}`}
        </StatusMark>
      </h1>
      <p className="muted">
        Checked <Ago at={at} />
      </p>
    </div>
  );
}

const bySeverity: readonly ServiceStatus[] = ['unhealthy', 'stale', 'degraded', 'unknown', 'healthy'];

function worstOf(services: readonly ServiceOverview[]): ServiceStatus {
  return bySeverity.find((status) => services.some((service) => service.status === status)) ?? 'unknown';
}

function OpenIncidents({ services }: { services: readonly ServiceOverview[] }) {
  const open = services.flatMap(({ incident }) => incident ?? []);
  return (
    <div role="status" className={style.open}>
      {open.map((incident) => (
        <p key={incident.id} className={style.incident}>
          <strong>
            <Link href={`/services/${incident.service}`}>{incident.service}</Link>
          </strong>{' '}
          fails its checks: {incident.reason}. Since {timeOfDay(incident.startedAt)}.{' '}
          <Link href={`/traces?service=${incident.service}&failed=1`}>Failed traces</Link>
        </p>
      ))}
    </div>
  );
}
