import type { ServiceOverview } from '@arcadium/contracts/dashboard';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { useStatus } from '../../api/live.ts';
import { Ago } from '../../components/ago.tsx';
import { Missing } from '../../components/failure.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { Strip } from '../../components/strip.tsx';
import { useTitle } from '../../components/use-title.ts';
import { percent, timeOfDay } from '../../format.ts';
import style from './status-page.module.css';

/** The state of the services for readers who know none of the words of this dashboard. */
export function StatusPage() {
  useTitle('Status');
  const { data, error } = useStatus();
  if (!data) return <Missing title="Status" error={error} />;
  const broken = data.services.filter(({ status }) => status === 'unhealthy' || status === 'stale');
  return (
    <div className={style.page}>
      <header className={style.head} data-broken={broken.length > 0}>
        <h1>
          {broken.length === 0
            ? 'All systems work'
            : `Trouble with ${broken.map(({ service }) => service).join(', ')}`}
        </h1>
        <p>
          Checked <Ago at={data.at} />
        </p>
      </header>
      <ul className={style.services}>
        {data.services.map((service) => (
          <Item key={service.service} service={service} />
        ))}
      </ul>
    </div>
  );
}

function Item({ service: { service, status, incident } }: { service: ServiceOverview }) {
  const { data } = useQuery({
    queryKey: ['history', service, 'month'],
    queryFn: () => api.status.history.query({ service, span: 'month' }),
    staleTime: 600_000,
  });
  const checked = (data?.points ?? []).flatMap(({ up }) => up ?? []);
  const share = checked.length === 0 ? null : checked.reduce((sum, up) => sum + up, 0) / checked.length;
  return (
    <li className={style.service}>
      <h2>{service}</h2>
      <StatusMark status={status} />
      <div className={style.strip}>{data && <Strip points={data.points} of="Last 30 days" />}</div>
      <p className={style.note}>
        <span>30 days ago</span>
        <span>{percent(share)} available</span>
        <span>today</span>
      </p>
      {incident && (
        <p className={style.incident}>
          Since {timeOfDay(incident.startedAt)}: {incident.reason}
        </p>
      )}
    </li>
  );
}
