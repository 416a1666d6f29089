import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { api } from '../../api/client.ts';
import { Choice } from '../../components/choice.tsx';
import { Failure } from '../../components/failure.tsx';
import { Panel } from '../../components/panel.tsx';
import { milliseconds } from '../../format.ts';
import { Chart } from './chart.tsx';

const spans = [
  { value: 'day', label: 'Day' },
  { value: 'week', label: 'Week' },
  { value: 'month', label: 'Month' },
] as const;
type Span = (typeof spans)[number]['value'];

/** Response times of the checks over a day, a week or a month. */
export function ResponseTimes({ service }: { service: string }) {
  const [search, setSearch] = useSearchParams();
  const span: Span = spans.find(({ value }) => value === search.get('span'))?.value ?? 'day';
  const { data, error } = useQuery({
    queryKey: ['history', service, span],
    queryFn: () => api.status.history.query({ service, span }),
    refetchInterval: 60_000,
    placeholderData: (previous) => previous,
  });
  const answered = (data?.points ?? []).flatMap(({ responseTimeMs }) => responseTimeMs ?? []);
  const mean =
    answered.length === 0 ? null : answered.reduce((sum, value) => sum + value, 0) / answered.length;
  const slowest = Math.max(0, ...(data?.points ?? []).flatMap(({ slowestMs }) => slowestMs ?? []));
  return (
    <Panel
      title="Response time of checks"
      aside={
        <Choice<Span>
          label="Span"
          value={span}
          options={spans}
          onChange={(chosen) =>
            setSearch(
              (previous) => {
                previous.set('span', chosen);
                return previous;
              },
              { replace: true },
            )
          }
        />
      }
    >
      {error && <Failure error={error} />}
      {data && (
        <Chart
          points={data.points}
          label={`Response times of the last ${span}: mean ${milliseconds(mean)}, slowest ${milliseconds(slowest)}`}
        />
      )}
    </Panel>
  );
}
