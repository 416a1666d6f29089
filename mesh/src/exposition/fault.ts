import { errorCodes, isErrorCode } from '../wire/index.ts';

/**
 * Whether a call with this code failed by the fault of the server. Unknown codes, of a later version, count.
 *
 * @example
 * isFault('TIMEOUT'); // true
 * isFault('BAD_REQUEST'); // false
 */
export function isFault(code: string): boolean {
  return isErrorCode(code) ? errorCodes[code].blames === 'endpoint' : code !== 'OK';
}
