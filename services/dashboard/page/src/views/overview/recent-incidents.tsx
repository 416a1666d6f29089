import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api } from '../../api/client.ts';
import { useStatus } from '../../api/live.ts';
import { IncidentList } from '../../components/incident-list.tsx';
import { Panel } from '../../components/panel.tsx';

/** The last incidents of all services, asked for again when one opens or closes. */
export function RecentIncidents() {
  const { data: status } = useStatus();
  const open = (status?.services ?? []).flatMap(({ incident }) => incident?.id ?? []).join();
  const { data } = useQuery({
    queryKey: ['incidents', 'recent', open],
    queryFn: () => api.status.incidents.query({ limit: 8 }),
    placeholderData: (previous) => previous,
  });
  return (
    <Panel title="Incidents" aside={<Link href="/status">Status page</Link>} flush>
      {data && <IncidentList incidents={data.items} withService />}
    </Panel>
  );
}
