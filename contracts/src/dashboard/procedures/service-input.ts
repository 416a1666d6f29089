import { error } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { serviceName } from '../status.ts';

export const service = z.object({ service: serviceName });

export const serviceNotFound = {
  SERVICE_NOT_FOUND: error('NOT_FOUND', 'The dashboard watches no such service', service),
};
