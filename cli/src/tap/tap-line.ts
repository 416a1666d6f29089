import { styleText } from 'node:util';
import type { TappedCall } from './tap-reader.ts';

/** Which calls are shown. */
export interface TapFilter {
  /** A procedure, or the group of several. @default all */
  readonly procedure?: string;
  readonly caller?: string;
  /** Only calls that failed. @default false */
  readonly failed?: boolean;
}

export function fits(call: TappedCall, { procedure, caller, failed = false }: TapFilter): boolean {
  return (
    (procedure === undefined || call.procedure === procedure || call.procedure.startsWith(`${procedure}.`)) &&
    (caller === undefined || call.caller === caller) &&
    (!failed || call.code !== 'OK')
  );
}

/** One line for a call, and one more for each payload that the service shows. Columns are as wide as names mostly are. */
export function tapLine(call: TappedCall): string {
  const duration = `${call.duration_ms.toFixed(1)} ms`;
  const line = [
    call.at.slice(11, 23),
    call.procedure.padEnd(24),
    (call.caller ?? '–').padEnd(12),
    call.code.padEnd(12),
    duration.padStart(10),
    ` request ${call.request_id}`,
    ...(call.trace_id === null ? [] : [`trace ${call.trace_id}`]),
  ].join(' ');
  const payloads = [
    call.input !== undefined && `    in  ${call.input}`,
    call.output !== undefined && `    out ${call.output}`,
  ].filter((one) => one !== false);
  return [call.code === 'OK' ? line : styleText('red', line), ...payloads].join('\n');
}
