export { degradedWhile, probeService } from './dependency.ts';
export { createHealth, type DatabaseOutage, type Health } from './health.ts';
export { type Probe } from './probe.ts';
export { createReadiness, type Readiness } from './readiness.ts';
