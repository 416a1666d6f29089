import type { Span } from '@arcadium/contracts/dashboard';
import { Link } from 'wouter';
import { Panel } from '../../components/panel.tsx';
import { exactTime, milliseconds } from '../../format.ts';
import style from './span-details.module.css';

export function SpanDetails({ span, traceId }: { span: Span; traceId: string }) {
  return (
    <Panel title={span.name}>
      <div className={style.details}>
        {span.status === 'error' && (
          <p className={style.failure}>{span.message ?? 'Failed without a message'}</p>
        )}
        <dl>
          <Fact name="Service" value={span.service} />
          <Fact name="Kind" value={span.kind} />
          <Fact name="Started" value={`${exactTime(span.startedAt)} (+${milliseconds(span.startMs)})`} />
          <Fact name="Duration" value={milliseconds(span.durationMs)} />
          <Fact name="Span" value={span.spanId} />
          {span.attributes.map(({ name, value }) => (
            <Fact key={`${name} ${value}`} name={name} value={value} />
          ))}
        </dl>
        <p className={style.links}>
          <Link href={`/logs?traceId=${traceId}&service=${encodeURIComponent(span.service)}`}>
            Its log lines
          </Link>
          <Link href={`/services/${encodeURIComponent(span.service)}`}>{span.service}</Link>
        </p>
      </div>
    </Panel>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  const href = hrefOf(name, value);
  return (
    <div>
      <dt>{name}</dt>
      <dd>{href === undefined ? value : <Link href={href}>{value}</Link>}</dd>
    </div>
  );
}

/** Where an attribute leads: a request to its log lines, a link to the span of another trace. */
function hrefOf(name: string, value: string): string | undefined {
  if (name === 'mesh.request_id') return `/logs?requestId=${encodeURIComponent(value)}`;
  const [, traceId, spanId] = /^([\da-f]{32})\/([\da-f]{16})$/.exec(value) ?? [];
  return name === 'link' && traceId ? `/traces/${traceId}?span=${spanId}` : undefined;
}
