import { startupLevel, type Logger } from '../../telemetry/index.ts';
import { RefusalLog } from './refusal-log.ts';

/** Why a call was refused for lack of capacity. */
export type RefusalReason = 'limit' | 'queue' | 'room' | 'subscriptions';

export type ShedLog = RefusalLog<RefusalReason>;

export function createShedLog(log: Logger): ShedLog {
  return new RefusalLog(log, {
    what: 'shedding',
    // A starting process blocks its own event loop.
    level: () => startupLevel('debug'),
    reasons: {
      limit: 'too many of its calls are in progress',
      queue: 'they would have started too late',
      room: 'the resources of their handler are in use',
      subscriptions: 'one caller has too many open',
    },
  });
}
