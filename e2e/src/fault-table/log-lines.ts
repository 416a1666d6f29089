/** The log of a caller's calls in short: `TIMEOUT: again`, `TIMEOUT: exhausted`. */
export function inShort(
  lines: readonly Readonly<{ message: string; fields: Readonly<Record<string, unknown>> }>[],
): string[] {
  return lines.map(({ message, fields }) => {
    if (message.includes('calls go over HTTP')) return 'calls go over HTTP';
    const { retry_in_ms: retryInMs, no_retry_because: reason } = (fields['context'] ?? {}) as {
      retry_in_ms?: number;
      no_retry_because?: string;
    };
    if (typeof fields['code'] !== 'string') return message;
    return `${fields['code']}: ${retryInMs === undefined ? String(reason) : 'again'}`;
  });
}
