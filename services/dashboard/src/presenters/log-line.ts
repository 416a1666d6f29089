import type { LogLine, ServiceView } from '@arcadium/contracts/dashboard';
import type { StoredLine } from '../stores/logs.ts';
import { presentAttributes, presentResource } from './attributes.ts';

export function presentLogLine(line: StoredLine): LogLine {
  return {
    id: line.number,
    at: new Date(line.at).toISOString(),
    service: line.resource.service,
    level: line.level,
    message: line.message,
    traceId: line.traceId,
    spanId: line.spanId,
    requestId: line.requestId,
    fields: [...presentAttributes(line.fields), ...presentResource(line.resource)],
  };
}

/** A line that tells of a failed call, with what it says of the reason. */
export function presentFailure(line: StoredLine): ServiceView['failures'][number] {
  const { at, requestId, traceId, message } = line;
  const reason = reasonOf(line);
  return {
    at: new Date(at).toISOString(),
    requestId,
    traceId,
    message: reason === undefined ? message : `${message}: ${reason}`,
  };
}

/** In the JSON of an error, of which the end may be missing. Exactly a string of JSON: senders may write anything. */
const errorMessage = /"message":("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*")/u;

/** As the mesh logs it: `reason` where a call is answered, `error` where it is made, `err` for a fault. */
function reasonOf({ fields }: StoredLine): string | undefined {
  const value = (name: string) => fields.values[fields.names.indexOf(name)];
  const [, text] = errorMessage.exec(value('err') ?? '') ?? [];
  return value('reason') ?? value('error') ?? (text === undefined ? undefined : (JSON.parse(text) as string));
}
