import { MeshError, type Caller } from '@arcadium/mesh/contract';
import type { ServerInterceptor } from '@arcadium/mesh/server';

/**
 * Checks that a caller may read the dashboard: everyone with a public view, otherwise administrators who call directly.
 *
 * @throws MeshError UNAUTHORIZED without credentials; FORBIDDEN.
 */
export function requireViewer({ user, service }: Caller, publicView: boolean): void {
  if (publicView || (user?.role === 'admin' && !service)) return;
  if (user || service) throw new MeshError('FORBIDDEN', 'The dashboard is for administrators');
  throw new MeshError('UNAUTHORIZED', 'Log in as an administrator to see the dashboard');
}

/** Applies {@link requireViewer} to every procedure but the log-in, so that a new one cannot be left open. */
export function viewersOnly(publicView: boolean): ServerInterceptor {
  return async ({ caller, path }, next) => {
    if (!path.startsWith('sessions.')) requireViewer(caller, publicView);
    return next();
  };
}
