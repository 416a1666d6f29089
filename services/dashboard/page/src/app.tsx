import { lazy, Suspense, useEffect, useRef } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { Boundary } from './components/boundary.tsx';
import { Loading } from './components/failure.tsx';
import { Header } from './layout/header.tsx';
import style from './layout/layout.module.css';
import { Overview } from './views/overview/overview.tsx';

// A file for each view: the overview needs neither charts nor filters.
const MapView = lazy(() => import('./views/map/map-view.tsx').then((file) => ({ default: file.MapView })));
const ServiceView = lazy(() =>
  import('./views/service/service-view.tsx').then((file) => ({ default: file.ServiceView })),
);
const TraceList = lazy(() =>
  import('./views/traces/trace-list.tsx').then((file) => ({ default: file.TraceList })),
);
const TraceView = lazy(() =>
  import('./views/traces/trace-view.tsx').then((file) => ({ default: file.TraceView })),
);
const LogView = lazy(() => import('./views/logs/log-view.tsx').then((file) => ({ default: file.LogView })));
const ExplorerView = lazy(() =>
  import('./views/explorer/explorer-view.tsx').then((file) => ({ default: file.ExplorerView })),
);
const StatusPage = lazy(() =>
  import('./views/status/status-page.tsx').then((file) => ({ default: file.StatusPage })),
);

export function App() {
  return (
    <>
      <Header />
      <Main />
    </>
  );
}

function Main() {
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(location);
  useEffect(() => {
    if (shown.current === location) return;
    shown.current = location;
    // As after a page load: from the top, for the eye and for a screen reader.
    main.current?.focus({ preventScroll: true });
    globalThis.scrollTo(0, 0);
  }, [location]);
  return (
    <main className={style.main} id="main" tabIndex={-1} ref={main}>
      <Boundary view={location}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={Overview} />
            <Route path="/map" component={MapView} />
            <Route path="/services/:name">{({ name }) => <ServiceView key={name} name={name} />}</Route>
            <Route path="/traces" component={TraceList} />
            <Route path="/traces/:id">{({ id }) => <TraceView key={id} id={id} />}</Route>
            <Route path="/logs" component={LogView} />
            <Route path="/explorer/:service?/:path?">
              {({ service, path }) => <ExplorerView service={service} path={path} />}
            </Route>
            <Route path="/status" component={StatusPage} />
            <Route>
              <Redirect to="/" replace />
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </main>
  );
}
