import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api } from '../../api/client.ts';
import { isUnauthorized } from '../../api/session.ts';
import { Missing } from '../../components/failure.tsx';
import { Panel } from '../../components/panel.tsx';
import { useFilters } from '../../components/search-filters.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { useTitle } from '../../components/use-title.ts';
import { exactTime, milliseconds, plural } from '../../format.ts';
import { SpanDetails } from './span-details.tsx';
import { rowsOf } from './span-tree.ts';
import style from './trace-view.module.css';
import { Waterfall } from './waterfall.tsx';

/** Services send their spans about once a second: right after its call, a trace is not there yet, and then it grows. In milliseconds. */
const arrival = { longest: 10_000, retry: 500, refetch: 1000 };

/** One trace: its spans over time, and what is known of the chosen one. */
export function TraceView({ id }: { id: string }) {
  const [search, change] = useFilters();
  const { data: trace, error } = useQuery({
    queryKey: ['trace', id],
    queryFn: () => api.traces.get.query({ traceId: id }),
    retry: (failures, reason) => !isUnauthorized(reason) && failures < arrival.longest / 2 / arrival.retry,
    retryDelay: arrival.retry,
    refetchInterval: ({ state: { data } }) =>
      data && Date.now() - Date.parse(data.startedAt) < arrival.longest ? arrival.refetch : false,
  });
  useTitle(trace?.name ?? 'Trace');
  if (!trace) return <Missing title="Trace" error={error} />;
  const rows = rowsOf(trace.tree);
  // The deepest failure is the nearest to the reason of a failed trace.
  const failed = rows.toSorted((a, b) => b.depth - a.depth).find(({ span }) => span.status === 'error');
  const chosen = rows.find(({ span }) => span.spanId === search.get('span')) ?? failed ?? rows[0];
  return (
    <div className={style.view}>
      <header className={style.head}>
        <h1>{trace.name}</h1>
        <StatusMark status={trace.status === 'ok' ? 'healthy' : 'unhealthy'}>
          {trace.status === 'ok' ? 'ok' : 'failed'}
        </StatusMark>
        <span>{milliseconds(trace.durationMs)}</span>
        <span className="muted">{exactTime(trace.startedAt)}</span>
        <Link className={style.logs} href={`/logs?traceId=${id}`}>
          Log lines of this trace
        </Link>
      </header>
      {trace.truncated && <p className="muted">Only the first {trace.tree.length} spans were kept.</p>}
      <div className={style.parts}>
        <Panel title={`${plural(trace.spans, 'span')} in ${plural(trace.services.length, 'service')}`} flush>
          <Waterfall
            rows={rows}
            durationMs={trace.durationMs}
            chosen={chosen?.span.spanId}
            onChoose={(span) => change('span', span)}
          />
        </Panel>
        {chosen && <SpanDetails span={chosen.span} traceId={id} />}
      </div>
    </div>
  );
}
