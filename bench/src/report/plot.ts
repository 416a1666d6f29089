import { headline, titleOf } from '../compare/plan.ts';
import { costOf, type Row } from '../compare/summary.ts';
import { stacks } from '../stacks/index.ts';
import type { ComparisonReport } from './comparison.ts';
import { figure } from './table.ts';

const width = 960;
const rowHeight = 30;
const barHeight = 16;
const top = 84;
const labelWidth = 240;
/** Space after a bar for its number. */
const numberWidth = 64;
const panelWidth = (width - labelWidth - 24) / 2;
const longestBar = panelWidth - numberWidth;

/** Readable in light and dark mode: an SVG in an `<img>` follows the reader's preference. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #57606a; }
  .mesh { font-weight: 600; }
  .rate, .server { fill: #8c959f; }
  .client { fill: #c4cad1; }
  .mesh-rate, .mesh-server { fill: #0969da; }
  .mesh-client { fill: #80b8f4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .rate, .server { fill: #7d8590; }
    .client { fill: #484f58; }
    .mesh-rate, .mesh-server { fill: #4493f8; }
    .mesh-client { fill: #1f5fae; }
  }`;

/** A bar chart of calls per second and CPU time per call in the headline scenario, fastest first. */
export function comparisonPlot({ rows, environment }: ComparisonReport): string {
  const shown = rows
    .filter(({ scenario }) => scenario === headline)
    .toSorted((a, b) => b.median.callsPerSecond - a.median.callsPerSecond);
  const fastest = Math.max(...shown.map(({ median }) => median.callsPerSecond));
  const dearest = Math.max(...shown.map(({ median }) => costOf(median)));
  const height = top + shown.length * rowHeight + 36;
  const rates = labelWidth;
  const costs = labelWidth + panelWidth + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>Calls a second and CPU time of a call, ${titleOf(headline)}</title>`,
    `<style>${style}</style>`,
    text(0, 20, `One unary call: ${titleOf(headline)}`, 'title'),
    text(rates, 56, 'calls a second: longer is better', 'quiet'),
    text(costs, 56, 'CPU µs a call, server then client: shorter is better', 'quiet'),
    ...shown.flatMap((row, index) =>
      rowOf(row, {
        label: stacks[row.stack].label,
        y: top + index * rowHeight,
        rate: { x: rates, perUnit: longestBar / fastest },
        cost: { x: costs, perUnit: longestBar / dearest },
      }),
    ),
    text(
      0,
      height - 8,
      `Node ${environment.node}, ${environment.machine.cpu}, ${environment.date.slice(0, 10)}`,
      'quiet',
    ),
    '</svg>',
    '',
  ].join('\n');
}

interface Place {
  readonly label: string;
  readonly y: number;
  readonly rate: Scale;
  readonly cost: Scale;
}

interface Scale {
  readonly x: number;
  readonly perUnit: number;
}

function rowOf({ stack, median }: Row, { label, y, rate, cost }: Place): string[] {
  const prefix = stack.startsWith('mesh-') ? 'mesh-' : '';
  const rateWidth = median.callsPerSecond * rate.perUnit;
  const serverWidth = median.serverUs * cost.perUnit;
  const clientWidth = median.clientUs * cost.perUnit;
  const baseline = y + 13;
  return [
    text(0, baseline, label, prefix === '' ? '' : 'mesh'),
    bar(rate.x, y, rateWidth, `${prefix}rate`),
    text(rate.x + rateWidth + 6, baseline, Math.round(median.callsPerSecond).toLocaleString('en')),
    bar(cost.x, y, serverWidth, `${prefix}server`),
    bar(cost.x + serverWidth, y, clientWidth, `${prefix}client`),
    text(cost.x + serverWidth + clientWidth + 6, baseline, figure(costOf(median))),
  ];
}

function bar(x: number, y: number, length: number, name: string): string {
  return `<rect class="${name}" x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}"/>`;
}

function text(x: number, y: number, content: string, name = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}"${name === '' ? '' : ` class="${name}"`}>${escaped}</text>`;
}
