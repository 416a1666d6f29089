import type { Replica, ServiceOverview } from '@arcadium/contracts/dashboard';
import { memo } from 'react';
import { Link } from 'wouter';
import { Ago } from '../../components/ago.tsx';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { Strip } from '../../components/strip.tsx';
import { milliseconds, percent } from '../../format.ts';
import style from './service-table.module.css';

export function ServiceTable({ services }: { services: readonly ServiceOverview[] }) {
  return (
    <Panel title="Services" aside={<p className={style.legend}>Last hour, one bar per minute</p>} flush>
      <table className={style.table}>
        <caption className="hidden">Status of all services</caption>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Status</th>
            <th scope="col">Last hour</th>
            <th scope="col" className="number">
              24 h
            </th>
            <th scope="col" className="number">
              7 d
            </th>
            <th scope="col" className="number">
              30 d
            </th>
            <th scope="col" className="number">
              Response
            </th>
            <th scope="col">Database</th>
            <th scope="col">Dependencies</th>
            <th scope="col" className="number">
              Replicas
            </th>
            <th scope="col">Checked</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <Row key={service.service} service={service} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

const Row = memo(function Row({ service }: { service: ServiceOverview }) {
  const { service: name, status, strip, uptime, replicas } = service;
  const reason = replicas.find((replica) => replica.reason !== null)?.reason;
  const healthy = replicas.filter((replica) => replica.status === 'healthy').length;
  return (
    <tr data-service={name}>
      <th scope="row">
        <Link href={`/services/${name}`}>{name}</Link>
      </th>
      <td>
        <StatusMark status={status} />
        {reason && <span className={style.reason}>{reason}</span>}
      </td>
      <td className={style.strip}>
        <Strip points={strip} of="Last hour" />
      </td>
      <td className="number" data-label="24 h">
        {percent(uptime.day)}
      </td>
      <td className="number" data-label="7 d">
        {percent(uptime.week)}
      </td>
      <td className="number" data-label="30 d">
        {percent(uptime.month)}
      </td>
      <td className="number" data-label="Response">
        {milliseconds(service.responseTimeMs)}
      </td>
      <td data-label="Database">
        <Database replicas={replicas} />
      </td>
      <td data-label="Dependencies">
        <Dependencies replicas={replicas} />
      </td>
      <td className="number" data-label="Replicas">
        {healthy} / {replicas.length}
      </td>
      <td className={style.checked} data-label="Checked">
        <Ago at={service.checkedAt} />
      </td>
    </tr>
  );
});

function Database({ replicas }: { replicas: readonly Replica[] }) {
  if (replicas.some(({ database }) => database === 'disconnected'))
    return <StatusMark status="unhealthy">disconnected</StatusMark>;
  if (replicas.some(({ database }) => database === 'connected')) return <span>connected</span>;
  return <span className="muted">–</span>;
}

/** How many are healthy; those that are not, by name. */
function Dependencies({ replicas }: { replicas: readonly Replica[] }) {
  const all = new Map<string, Replica['dependencies'][number]['status']>();
  for (const { name, status } of replicas.flatMap((replica) => replica.dependencies))
    if (all.get(name) !== 'unhealthy') all.set(name, status);
  const broken = [...all].filter(([, status]) => status !== 'healthy');
  if (all.size === 0) return <span className="muted">–</span>;
  if (broken.length === 0) return <span>{all.size} healthy</span>;
  return (
    <ul>
      {broken.map(([name, status]) => (
        <li key={name}>
          <StatusMark status={status}>{`${name} ${status}`}</StatusMark>
        </li>
      ))}
    </ul>
  );
}
