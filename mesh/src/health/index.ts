export { degradedWhile, probeService } from './dependency.ts';
export {
  createHealth,
  type Health,
  type HealthOptions,
  type HealthReport,
  type StatusReport,
} from './health.ts';
export { type HealthStatus, type Probe } from './probe.ts';
export { createReadiness, type Readiness } from './readiness.ts';
