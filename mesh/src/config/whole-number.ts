import { z } from 'zod';

/** A setting that is a whole number within bounds, with a default. */
export const wholeNumber = (least: number, most: number, fallback: number) =>
  z.coerce.number('must be a number').int().min(least).max(most).default(fallback);
