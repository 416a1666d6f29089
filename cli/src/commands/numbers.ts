import { InvalidArgumentError } from 'commander';

/** Parses a number of things. */
export function atLeastOne(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number, at least 1.');
}
