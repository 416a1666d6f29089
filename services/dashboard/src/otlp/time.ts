import { numberIn, type Fields } from './fields.ts';

const earliestUs = Date.UTC(2000, 0) * 1000;
const latestUs = Date.UTC(2100, 0) * 1000;

/** A time in microseconds since 1970; `undefined` outside of the years 2000 to 2099, which also bounds durations. */
export function microsecondsIn(fields: Fields, name: string): number | undefined {
  const us = Math.round(numberIn(fields, name) / 1000);
  return us >= earliestUs && us < latestUs ? us : undefined;
}
