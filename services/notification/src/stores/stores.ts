import type { PrismaClient } from '@arcadium/prisma/notification';
import { ArrivalStore } from './arrival-store.ts';
import { BroadcastStore } from './broadcast-store.ts';
import { DeliveryStore } from './delivery-store.ts';
import { NotificationStore } from './notification-store.ts';
import { PreferenceStore } from './preference-store.ts';
import { RetentionStore } from './retention-store.ts';

/** Everything that this service stores. */
export type Stores = ReturnType<typeof createStores>;

/** All stores on one Prisma client. */
export function createStores(client: PrismaClient) {
  return {
    arrivals: new ArrivalStore(client),
    broadcasts: new BroadcastStore(client),
    deliveries: new DeliveryStore(client),
    notifications: new NotificationStore(client),
    preferences: new PreferenceStore(client),
    retention: new RetentionStore(client),
  };
}
