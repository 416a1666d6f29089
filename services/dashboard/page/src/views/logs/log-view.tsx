import { useInfiniteQuery } from '@tanstack/react-query';
import type { LogLine } from '@arcadium/contracts/dashboard';
import { api } from '../../api/client.ts';
import { Failure, Loading } from '../../components/failure.tsx';
import filters from '../../components/filters.module.css';
import { More } from '../../components/more.tsx';
import { Note, Panel } from '../../components/panel.tsx';
import { ServiceFilter, TextFilter, useFilters } from '../../components/search-filters.tsx';
import { useTitle } from '../../components/use-title.ts';
import { LogEntry } from './log-entry.tsx';
import style from './log-view.module.css';

const refreshMs = 5000;
const levels = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
] as const satisfies readonly LogLine['level'][];

export function LogView() {
  useTitle('Logs');
  const [search, change] = useFilters();
  const service = search.get('service') ?? '';
  const text = search.get('text') ?? '';
  const level = levels.find((each) => each === search.get('level')) ?? 'trace';
  const traceId = search.get('traceId') ?? '';
  const requestId = search.get('requestId') ?? '';
  const lines = useInfiniteQuery({
    queryKey: ['logs', service, text, level, traceId, requestId],
    queryFn: ({ pageParam }) =>
      api.logs.list.query({
        limit: 100,
        level,
        ...(service && { service }),
        ...(text.trim() && { text: text.trim() }),
        ...(traceId && { traceId }),
        ...(requestId && { requestId }),
        ...(pageParam && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) === 1 ? refreshMs : false),
    placeholderData: (previous) => previous,
  });
  const items = lines.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={style.view}>
      <h1>Logs</h1>
      <form
        className={filters.filters}
        role="search"
        aria-label="Logs"
        onSubmit={(event) => event.preventDefault()}
      >
        <ServiceFilter value={service} onChange={(value) => change('service', value)} />
        <label>
          Level
          <select
            value={level}
            onChange={({ target }) => change('level', target.value === 'trace' ? '' : target.value)}
          >
            {levels.map((each) => (
              <option key={each} value={each}>
                {each === 'trace' ? 'all' : `${each} and above`}
              </option>
            ))}
          </select>
        </label>
        <TextFilter label="Text" value={text} onChange={(value) => change('text', value)} />
        <IdFilter name="Trace" value={traceId} onClear={() => change('traceId', '')} />
        <IdFilter name="Request" value={requestId} onClear={() => change('requestId', '')} />
      </form>
      {lines.error && <Failure error={lines.error} />}
      {lines.isPending && <Loading />}
      {lines.data && (
        <Panel title="Newest first" flush>
          {items.length === 0 && <Note>No log line fits these filters.</Note>}
          <ul>
            {items.map((line) => (
              <LogEntry key={line.id} line={line} />
            ))}
          </ul>
          <More query={lines} />
        </Panel>
      )}
    </div>
  );
}

/** A filter that a link set: shown, and taken away by its button. */
function IdFilter({ name, value, onClear }: { name: string; value: string; onClear: () => void }) {
  if (value === '') return null;
  return (
    <button type="button" className={style.id} onClick={onClear}>
      {name} <code>{value.slice(0, 8)}</code> <span aria-hidden="true">×</span>
      <span className="hidden">: show all</span>
    </button>
  );
}
