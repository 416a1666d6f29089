import { authContract } from '@arcadium/contracts/auth';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import type { AnyContract } from '@arcadium/mesh/contract';
import type { z } from 'zod';
import { settings as auth } from '../../../services/auth/src/config.ts';
import { settings as dashboard } from '../../../services/dashboard/src/config.ts';
import { settings as notification } from '../../../services/notification/src/config.ts';
import { settings as wiki } from '../../../services/wiki/src/config.ts';

interface Service {
  readonly contract: AnyContract;
  /** The documented port. */
  readonly port: number;
  /** What its `config.ts` reads. */
  readonly settings: Readonly<Record<string, z.ZodType>>;
}

const services: Readonly<Record<string, Service>> = {
  auth: { contract: authContract, port: 8000, settings: auth },
  dashboard: { contract: dashboardContract, port: 8080, settings: dashboard },
  notification: { contract: notificationContract, port: 8006, settings: notification },
  wiki: { contract: wikiContract, port: 5000, settings: wiki },
};

export const serviceNames = Object.keys(services);

/** @throws Error for an unknown name. */
export function serviceOf(name: string): Service {
  const service = services[name];
  if (!service) throw new Error(`there is no service ${name}`);
  return service;
}
