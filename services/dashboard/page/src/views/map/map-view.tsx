import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { api } from '../../api/client.ts';
import { useLiveMap } from '../../api/live.ts';
import { Choice } from '../../components/choice.tsx';
import { Failure, Loading } from '../../components/failure.tsx';
import { useTitle } from '../../components/use-title.ts';
import { time } from '../../format.ts';
import { EdgePanel } from './edge-panel.tsx';
import { EdgeTable } from './edge-table.tsx';
import { MapCanvas } from './map-canvas.tsx';
import style from './map-view.module.css';
import { TimeSlider } from './time-slider.tsx';
import { keyOf } from './words.ts';

type View = 'map' | 'table';

/** The map now, or in the minute that the address names. */
export function MapView() {
  useTitle('Map');
  const [search, setSearch] = useSearchParams();
  const at = momentOf(search.get('at'));
  const selected = search.get('edge');
  const view: View = search.get('view') === 'table' ? 'table' : 'map';
  const change = (name: string, value: string | null): void =>
    setSearch(
      (previous) => {
        if (value === null) previous.delete(name);
        else previous.set(name, value);
        return previous;
      },
      { replace: true },
    );
  const { data: map, error } = useMap(at);
  const edge = map?.edges.find((each) => keyOf(each) === selected);
  return (
    <div className={style.view}>
      <div className={style.head}>
        <div>
          <h1>Map</h1>
          <p className="muted">
            {at === null ? 'Traffic of the last ten seconds' : `The minute of ${time(at)}`}
          </p>
        </div>
        <Choice<View>
          label="Show as"
          value={view}
          options={[
            { value: 'map', label: 'Map' },
            { value: 'table', label: 'Table' },
          ]}
          onChange={(chosen) => change('view', chosen === 'table' ? 'table' : null)}
        />
      </div>
      <TimeSlider at={at} onChange={(chosen) => change('at', chosen)} />
      {error !== undefined && error !== null && <Failure error={error} />}
      {!map && !error && <Loading />}
      {map && (
        <div className={style.stage} data-wide={view === 'table' && !edge}>
          {view === 'map' ? (
            <div className={style.frame}>
              <MapCanvas
                map={map}
                selected={selected}
                onSelect={(key) => change('edge', key)}
                isLive={at === null}
              />
            </div>
          ) : (
            <EdgeTable edges={map.edges} onSelect={(key) => change('edge', key)} />
          )}
          {edge && <EdgePanel edge={edge} onClose={() => change('edge', null)} />}
          {!edge && view === 'map' && (
            <p className={style.hint}>Choose an edge to see its percentiles and what its resilience does.</p>
          )}
        </div>
      )}
    </div>
  );
}

/** A time as the contract takes it; null if it is not a time. */
function momentOf(text: string | null): string | null {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

/** The live map, or that of a minute. */
function useMap(at: string | null) {
  const live = useLiveMap();
  const past = useQuery({
    queryKey: ['map', at],
    queryFn: () => api.map.get.query({ at: at ?? undefined }),
    enabled: at !== null,
    staleTime: Infinity,
    placeholderData: (previous) => previous,
  });
  return at === null ? live : past;
}
