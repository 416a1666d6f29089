export {
  ClockCheck,
  clockToleranceMs,
  timeOfService,
  type ClockCheckOptions,
  type ClockStatus,
  type ReadTime,
} from './clock-check.ts';
export { SteadyClock, type ClockSources } from './steady-clock.ts';
