import type { Exchange, HostileRequest } from './exchange.ts';

/**
 * Internals of a service: stack lines, files, SQL and the names of its tools. The requests contain none of
 * these words, so an answer with one is not an echo.
 */
const inside =
  /\bat [\w.<>]+ \(|\bat file:|file:\/\/|node_modules|\.[cm]?[jt]s:\d|\/services\/|\bSELECT\b|\bINSERT INTO\b|\bprisma\b|\bpostgres|\bsqlstate\b|\bUTF8\b|"stack"|"cause"/i;

/** Problems with how a service handled a request; none if it was right. */
export function problemsOf(request: HostileRequest, { answers, end, garbled }: Exchange): string[] {
  const { after = 'wait', expect = 'any', answers: wanted = 1 } = request;
  const problems: string[] = [];
  if (garbled !== undefined) problems.push(`it is garbled: ${garbled}`);
  if (end === 'never') problems.push('it neither ends nor is it answered');
  if (after === 'wait' && answers.length === 0) problems.push(`it has no answer (${end})`);
  if (after === 'wait' && answers.length > wanted) problems.push(`${answers.length} answers for ${wanted}`);
  for (const { status, headers, body } of answers) {
    if (status >= 500) problems.push(`the caller’s mistake is answered ${status}`);
    if (expect === 'refusal' && (status < 400 || status >= 500))
      problems.push(`it is not refused but ${status}`);
    if (typeof expect === 'object' && !expect.includes(status))
      problems.push(`${status} is not one of ${expect.join()}`);
    if (body !== '' && !isData(headers.get('content-type'), body)) problems.push('its body is not JSON');
    const leak = inside.exec(body)?.[0];
    if (leak !== undefined) problems.push(`its body tells of the inside: ${leak}`);
  }
  const sent = JSON.stringify(String(request.pieces[0]).slice(0, 200));
  const got = answers.map(({ status, body }) => `${status} ${body.slice(0, 300)}`).join(' | ');
  return problems.map(
    (problem) => `${request.service}: ${request.what}: ${problem}\n  sent ${sent}\n  got ${got}`,
  );
}

/** JSON, lines of JSON for a requested stream, or the JSON in events. */
function isData(type: string | undefined, body: string): boolean {
  if (type?.startsWith('text/event-stream')) {
    return body
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .every((line) => line === 'data: ' || isJson(line.slice('data:'.length)));
  }
  return (
    type?.startsWith('application/json') === true && (isJson(body) || body.trim().split('\n').every(isJson))
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
