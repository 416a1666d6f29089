// The clock without its comparison with another machine's, which loads an HTTP client.
export { SteadyClock, type ClockSources } from './steady-clock.ts';
