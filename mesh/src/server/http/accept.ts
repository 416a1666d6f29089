/** The weight of a media type, 0 to 1, by the most specific range (RFC 9110 §12.5.1). */
export function weightOf(type: string, accept: string): number {
  const ranges = [type, `${type.split('/')[0]}/*`, '*/*'];
  let best = { rank: ranges.length, weight: 0 };
  for (const item of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = item.split(';').map((part) => part.trim());
    const rank = ranges.indexOf(range);
    if (rank === -1 || rank >= best.rank) continue;
    const weight = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    best = { rank, weight: Number.isNaN(weight) ? 0 : weight };
  }
  return best.weight;
}
