import type { Check } from './check.ts';
import { clocks } from './clocks.ts';
import { contracts } from './contracts.ts';
import { database } from './database.ts';
import { environment } from './environment.ts';
import { keys } from './keys.ts';
import { machine } from './machine.ts';
import { migrations } from './migrations.ts';
import { outbox } from './outbox.ts';
import { pools } from './pools.ts';
import { ports } from './ports.ts';
import { roles } from './roles.ts';
import { secrets } from './secrets.ts';
import { services } from './services.ts';
import { tls } from './tls.ts';
import { versions } from './versions.ts';

/** Every check, by category. */
export const checks: readonly Check[] = [
  ...machine,
  ...environment,
  ...secrets,
  ...clocks,
  ...keys,
  ...database,
  ...roles,
  ...migrations,
  ...pools,
  ...outbox,
  ...ports,
  ...services,
  ...versions,
  ...contracts,
  ...tls,
];
