import { useLocation } from 'wouter';
import { useLiveMap } from '../../api/live.ts';
import { Failure, Loading } from '../../components/failure.tsx';
import { MapCanvas } from './map-canvas.tsx';

/** The map as a part of another view; an edge leads to its figures. */
export function LiveMap() {
  const { data, error } = useLiveMap();
  const [, navigate] = useLocation();
  if (!data) return error === undefined ? <Loading /> : <Failure error={error} />;
  return (
    <MapCanvas
      map={data}
      selected={null}
      onSelect={(edge) => edge && navigate(`/map?edge=${edge}`)}
      isLive
      isPart
    />
  );
}
