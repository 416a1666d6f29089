import { z } from 'zod';

/** Input of a subscription to a state: clients that reconnect send the id of the last event, and get the state as it is. */
export const watchInput = z.object({ lastEventId: z.string().max(64).nullish() }).optional();
