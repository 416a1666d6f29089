import { startupLevel, type Logger } from '../../telemetry/index.ts';
import { RefusalLog } from './refusal-log.ts';

/** Why a call was not begun for want of capacity. */
export type RefusalReason = 'limit' | 'queue' | 'room' | 'subscriptions';

/** The log of the calls that are refused for want of capacity. */
export type ShedLog = RefusalLog<RefusalReason>;

/** Makes it. */
export function createShedLog(log: Logger): ShedLog {
  return new RefusalLog(log, {
    what: 'shedding',
    // A process that loads its code blocks its own event loop.
    level: () => startupLevel('debug'),
    reasons: {
      limit: 'too many of its calls are in progress',
      queue: 'they would have started too late',
      room: 'the resources of their handler are in use',
      subscriptions: 'one caller has too many open',
    },
  });
}
