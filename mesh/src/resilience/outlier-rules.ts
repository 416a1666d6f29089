/** How one endpoint did within the window. */
export interface Figures {
  readonly calls: number;
  readonly failures: number;
  /** Whether it may be an outlier by them: what failed a while ago, and not since, may be back. */
  readonly failing: boolean;
  /** What an answer usually takes, in milliseconds; what is no positive number is unknown. */
  readonly latencyMs: number;
}

/** When an endpoint is an outlier among its peers. */
export interface OutlierRules {
  /** The fewest calls that an endpoint is judged by, and that the others together are compared by. @default 20 */
  minimumCalls: number;
  /** A share of failures up to this is no outlier's, 0 to 1. @default 0.05 */
  failureShare: number;
  /** Nor is one up to so many times that of the others. @default 3 */
  failureRatio: number;
  /** A latency up to this is no outlier's, in milliseconds. @default 50 */
  latencyMs: number;
  /** Nor is one up to so many times the median of the others. @default 10 */
  latencyRatio: number;
}

export const defaultOutlierRules: OutlierRules = {
  minimumCalls: 20,
  failureShare: 0.05,
  failureRatio: 3,
  latencyMs: 50,
  latencyRatio: 10,
};

export type OutlierReason = 'failures' | 'latency';

/** @returns The worst outlier among peers, by failures before latency; `undefined` if none is one. */
export function findOutlier<Peer extends Figures>(
  peers: readonly Peer[],
  rules: OutlierRules,
): { peer: Peer; reason: OutlierReason } | undefined {
  const judged = peers.filter(({ calls }) => calls >= rules.minimumCalls);
  const [failing] = judged
    .filter((peer) => peer.failing && failsMore(peer, peers, rules))
    .toSorted((a, b) => shareOf(b) - shareOf(a));
  if (failing) return { peer: failing, reason: 'failures' };
  const [slow] = judged
    .filter((peer) => isSlower(peer, peers, rules))
    .toSorted((a, b) => b.latencyMs - a.latencyMs);
  return slow && { peer: slow, reason: 'latency' };
}

const shareOf = ({ calls, failures }: Figures): number => (calls > 0 ? failures / calls : 0);

/**
 * Compared with the others that fail less, together: two that are equally ill
 * do not excuse each other. What they failed at counts as one more, or among
 * few calls the one that failed twice by chance would be an outlier.
 */
function failsMore(peer: Figures, peers: readonly Figures[], rules: OutlierRules): boolean {
  const share = shareOf(peer);
  if (share <= rules.failureShare) return false;
  let calls = 0;
  let failures = 1;
  for (const other of peers) {
    if (shareOf(other) >= share) continue;
    calls += other.calls;
    failures += other.failures;
  }
  return calls >= rules.minimumCalls && share > (rules.failureRatio * failures) / calls;
}

function isSlower(peer: Figures, peers: readonly Figures[], rules: OutlierRules): boolean {
  if (!(peer.latencyMs > rules.latencyMs && peer.latencyMs < Infinity)) return false;
  const others = peers.filter((other) => other !== peer && other.latencyMs > 0);
  return others.length > 0 && peer.latencyMs > rules.latencyRatio * median(others);
}

function median(peers: readonly Figures[]): number {
  const sorted = peers.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 0;
  const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
  return (lower + upper) / 2;
}
