import { useInfiniteQuery } from '@tanstack/react-query';
import type { TraceSummary } from '@arcadium/contracts/dashboard';
import { Link } from 'wouter';
import { api } from '../../api/client.ts';
import { Failure, Loading } from '../../components/failure.tsx';
import filters from '../../components/filters.module.css';
import { More } from '../../components/more.tsx';
import { Note, Panel } from '../../components/panel.tsx';
import { ServiceFilter, TextFilter, useFilters } from '../../components/search-filters.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { useTitle } from '../../components/use-title.ts';
import { exactTime, milliseconds, plural } from '../../format.ts';
import style from './trace-list.module.css';

const refreshMs = 5000;

export function TraceList() {
  useTitle('Traces');
  const [search, change] = useFilters();
  const service = search.get('service') ?? '';
  const name = search.get('name') ?? '';
  const failed = search.get('failed') === '1';
  const minMs = Math.max(0, Number(search.get('minMs')) || 0);
  const traces = useInfiniteQuery({
    queryKey: ['traces', service, name, failed, minMs],
    queryFn: ({ pageParam }) =>
      api.traces.list.query({
        limit: 50,
        failed,
        minMs,
        ...(service && { service }),
        ...(name.trim() && { name: name.trim() }),
        ...(pageParam && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    // New traces appear while the first page alone is shown: later pages would move under the reader.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) === 1 ? refreshMs : false),
    placeholderData: (previous) => previous,
  });
  const items = traces.data?.pages.flatMap((page) => page.items) ?? [];
  const longest = Math.max(1, ...items.map(({ durationMs }) => durationMs));
  return (
    <div className={style.view}>
      <h1>Traces</h1>
      <form
        className={filters.filters}
        role="search"
        aria-label="Traces"
        onSubmit={(event) => event.preventDefault()}
      >
        <ServiceFilter value={service} onChange={(value) => change('service', value)} />
        <TextFilter label="Name of a span" value={name} onChange={(value) => change('name', value)} />
        <label>
          At least
          <select
            value={String(minMs)}
            onChange={({ target }) => change('minMs', target.value === '0' ? '' : target.value)}
          >
            <option value="0">any duration</option>
            {[10, 50, 100, 500, 1000, 5000].map((value) => (
              <option key={value} value={value}>
                {milliseconds(value)}
              </option>
            ))}
          </select>
        </label>
        <label className={filters.check}>
          <input
            type="checkbox"
            checked={failed}
            onChange={({ target }) => change('failed', target.checked ? '1' : '')}
          />
          Failed only
        </label>
      </form>
      {traces.error && <Failure error={traces.error} />}
      {traces.isPending && <Loading />}
      {traces.data && (
        <Panel title={failed ? 'Failed traces' : 'Newest first'} flush>
          {items.length === 0 && <Note>No trace fits these filters.</Note>}
          <ul>
            {items.map((trace) => (
              <Item key={trace.traceId} trace={trace} longest={longest} />
            ))}
          </ul>
          <More query={traces} />
        </Panel>
      )}
    </div>
  );
}

function Item({ trace, longest }: { trace: TraceSummary; longest: number }) {
  const { traceId, name, startedAt, durationMs, spans, services, status } = trace;
  return (
    <li className={style.item}>
      <Link href={`/traces/${traceId}`} className={style.name}>
        {name}
      </Link>
      <StatusMark status={status === 'ok' ? 'healthy' : 'unhealthy'}>
        {status === 'ok' ? 'ok' : 'failed'}
      </StatusMark>
      <span className="muted">{services.join(', ')}</span>
      <span className="muted">{plural(spans, 'span')}</span>
      <svg className={style.bar} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect
          width={(durationMs / longest) * 100}
          height="6"
          rx="1"
          className={status === 'ok' ? '' : style.failed}
        />
      </svg>
      <span className="number">{milliseconds(durationMs)}</span>
      <time className={style.time} dateTime={startedAt}>
        {exactTime(startedAt)}
      </time>
    </li>
  );
}
