import { randomUUID } from 'node:crypto';
import { serve, type RunningService } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { shopContract } from './contract.ts';

/** Starts the shop, which accepts the access tokens of one identity provider. @param issuer Its URL. */
export async function startShop(issuer: string): Promise<RunningService> {
  const orders: { id: string; placedBy: string }[] = [];
  const place = (placedBy: string) => {
    const order = { id: randomUUID(), placedBy };
    orders.push(order);
    return order;
  };
  const shop = await serve(
    shopContract,
    {
      orders: {
        place: async ({ caller }) => place(caller.user.id),
        list: async () => orders,
        placeFor: async ({ caller }) => place(`${caller.user.id} at ${caller.service.name}`),
      },
    },
    {
      port: 0,
      version: '1.0.0',
      log: createLogger({ service: 'shop', level: 'warn' }),
      pingDatabase: async () => {},
      identity: {
        issuer,
        audience: 'https://shop.example',
        services: { 'till-7': 'till' },
      },
    },
  );
  shop.ready();
  return shop;
}
