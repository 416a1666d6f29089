import { contract } from '@arcadium/mesh/contract';
import { explorer } from './procedures/explorer.ts';
import { sessions } from './procedures/sessions.ts';
import { map } from './procedures/map.ts';
import { services } from './procedures/services.ts';
import { logs } from './procedures/logs.ts';
import { outbox } from './procedures/outbox.ts';
import { status } from './procedures/status.ts';
import { traces } from './procedures/traces.ts';

/**
 * What the dashboard shows. `anyone` admits the page before its user logs in; unless the view is public (`PUBLIC_VIEW`), the
 * handlers then require an administrator.
 */
export const dashboardContract = contract('dashboard', {
  status,
  explorer,
  sessions,
  map,
  services,
  traces,
  logs,
  outbox,
});
