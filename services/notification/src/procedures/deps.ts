import type { notificationContract } from '@arcadium/contracts/notification';
import type { PathOf } from '@arcadium/mesh/contract';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { Arrivals } from '../jobs/arrivals.ts';
import type { Stores } from '../stores/stores.ts';

export interface NotificationDeps {
  stores: Stores;
  arrivals: Arrivals;
}

/** The handler of a procedure of the notification service. */
export type NotificationHandler<Path extends PathOf<(typeof notificationContract)['procedures']>> = HandlerOf<
  typeof notificationContract,
  Path
>;
