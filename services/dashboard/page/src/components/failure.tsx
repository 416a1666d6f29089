import { lazy, Suspense } from 'react';
import { codeOf, isUnauthorized } from '../api/session.ts';
import { Note } from './panel.tsx';

const LogIn = lazy(() =>
  import('../views/log-in/log-in.tsx').then(({ LogIn: component }) => ({ default: component })),
);

/** Why there is nothing to show; a log-in, if that is the reason. */
export function Failure({ error }: { error: unknown }) {
  if (isUnauthorized(error))
    return (
      <Suspense>
        <LogIn />
      </Suspense>
    );
  if (codeOf(error) === 'FORBIDDEN') return <Note>Only administrators may see this.</Note>;
  return (
    <div role="alert">
      <Note>{error instanceof Error ? error.message : 'The dashboard did not answer.'}</Note>
    </div>
  );
}

/** A view that has no data yet, or none at all. */
export function Missing({ title, error }: { title: string; error: unknown }) {
  return (
    <>
      <h1 className="hidden">{title}</h1>
      {error === undefined || error === null ? <Loading /> : <Failure error={error} />}
    </>
  );
}

export function Loading() {
  return <Note>Loading…</Note>;
}
