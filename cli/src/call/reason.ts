/** The innermost reason of what was thrown, such as `connect ECONNREFUSED 127.0.0.1:5000` of a failed fetch. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const inner = first ?? error.cause;
  return inner instanceof Error ? reasonOf(inner) : error.message || error.name;
}
