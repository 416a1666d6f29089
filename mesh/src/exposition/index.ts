export { ExpositionError, type SeriesName } from './exposition-line.ts';
export { isFault } from './fault.ts';
export { bucketBounds, percentile, rounded } from './percentile.ts';
export { ProcessCounters, type HistogramMeter, type Meter, type ReadAt } from './process-counters.ts';
