import type { ServiceOverview } from '@arcadium/contracts/dashboard';

/** Colours with a contrast to white of at least 4.5 (WCAG 2.2, 1.4.3). */
const colours: Readonly<Record<ServiceOverview['status'], string>> = {
  healthy: '#19753c',
  degraded: '#8f5b00',
  unhealthy: '#b3261e',
  stale: '#5c6370',
  unknown: '#5c6370',
};

/** Width of a character, in pixels; of the widest digits and letters in Verdana at 11 pixels. */
const characterWidth = 7;
const padding = 10;

/** Draws the badge of a service: its name, its status, and its uptime over 30 days, as an SVG image. */
export function drawBadge({ service, status, uptime }: ServiceOverview): string {
  const share = uptime.month === null ? '' : ` ${percent(uptime.month)}`;
  const right = `${status}${share}`;
  const [left, all] = [widthOf(service), widthOf(service) + widthOf(right)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${all}" height="20" role="img" aria-label="${service}: ${right}">
<title>${service}: ${right}</title>
<clipPath id="round"><rect width="${all}" height="20" rx="3"/></clipPath>
<g clip-path="url(#round)"><rect width="${left}" height="20" fill="#444"/><rect x="${left}" width="${all - left}" height="20" fill="${colours[status]}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
<text x="${left / 2}" y="14">${service}</text><text x="${(left + all) / 2}" y="14">${right}</text>
</g>
</svg>
`;
}

function widthOf(text: string): number {
  return text.length * characterWidth + padding;
}

/** Rounded down: 100 % means that no check failed. */
function percent(share: number): string {
  return `${Math.floor(share * 10_000) / 100} %`;
}
