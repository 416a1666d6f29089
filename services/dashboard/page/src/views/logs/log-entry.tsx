import type { LogLine } from '@arcadium/contracts/dashboard';
import { memo } from 'react';
import { Link } from 'wouter';
import { exactTime, plural } from '../../format.ts';
import style from './log-view.module.css';

export const LogEntry = memo(function LogEntry({ line }: { line: LogLine }) {
  const { at, service, level, message, traceId, requestId, fields } = line;
  return (
    <li className={style.line} data-level={level}>
      <time className={style.time} dateTime={at}>
        {exactTime(at)}
      </time>
      <span className={style.level}>{level}</span>
      <Link className={style.service} href={`/services/${encodeURIComponent(service)}`}>
        {service}
      </Link>
      <div className={style.message}>
        <p>{message}</p>
        {fields.length > 0 && (
          <details>
            <summary>{plural(fields.length, 'field')}</summary>
            <dl>
              {fields.map(({ name, value }) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </div>
      <span className={style.links}>
        {traceId && <Link href={`/traces/${traceId}`}>trace {traceId.slice(0, 8)}</Link>}
        {requestId && (
          <Link href={`/logs?requestId=${encodeURIComponent(requestId)}`}>
            request {requestId.slice(0, 8)}
          </Link>
        )}
      </span>
    </li>
  );
});
