import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { Failure, Loading } from '../../components/failure.tsx';
import { Note } from '../../components/panel.tsx';
import { useTitle } from '../../components/use-title.ts';
import style from './explorer-view.module.css';
import { ProcedureList } from './procedure-list.tsx';
import { ProcedurePanel } from './procedure-panel.tsx';

/** Any procedure of any service, with its documentation and a form to call it. */
export function ExplorerView({ service, path }: { service?: string | undefined; path?: string | undefined }) {
  useTitle(path === undefined ? 'Explorer' : `${service}.${path}`);
  const { data, error } = useQuery({
    queryKey: ['explorer'],
    queryFn: () => api.explorer.list.query(),
    staleTime: 30_000,
  });
  if (error) return <Failure error={error} />;
  if (!data) return <Loading />;
  const procedure = data.services
    .find((each) => each.service === service)
    ?.procedures.find((each) => each.path === path);
  return (
    <div className={style.view}>
      <div>
        <h1>Explorer</h1>
        <p className="muted">Every procedure, from the contracts that the services have now.</p>
      </div>
      <div className={style.columns}>
        <ProcedureList services={data.services} selected={`${service}/${path}`} />
        <div className={style.detail}>
          {procedure && service !== undefined ? (
            <ProcedurePanel
              key={`${service}/${path}`}
              service={service}
              procedure={procedure}
              behalf={data.open ? data.services.map((each) => each.service) : []}
            />
          ) : (
            <Note>{path === undefined ? 'Choose a procedure.' : `${service} has no procedure ${path}.`}</Note>
          )}
        </div>
      </div>
    </div>
  );
}
