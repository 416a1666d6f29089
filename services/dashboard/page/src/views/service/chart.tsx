import type { HistoryPoint } from '@arcadium/contracts/dashboard';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { milliseconds, timeOfDay } from '../../format.ts';
import style from './chart.module.css';

/** Mean and slowest response time; parts with failed checks have a red ground. */
export function Chart({ points, label }: Chart) {
  // Made again when the theme changes, because a canvas keeps its colours.
  return <Plot key={useThemeChanges()} points={points} label={label} />;
}

interface Chart {
  points: readonly HistoryPoint[];
  /** What it shows, in words. */
  label: string;
}

function Plot({ points, label }: Chart) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) return undefined;
    const element = host.current;
    const plot = new uPlot(optionsOf(element, points), dataOf(points), element);
    const sizes = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      plot.destroy();
    };
  }, [points]);
  return (
    <figure>
      <div className={style.chart} ref={host} role="img" aria-label={label} />
      <figcaption className={style.caption}>
        <span className={style.mean}>mean</span>
        <span className={style.slowest}>slowest</span>
        <span className={style.failed}>failed checks</span>
      </figcaption>
    </figure>
  );
}

const height = 220;

function dataOf(points: readonly HistoryPoint[]): uPlot.AlignedData {
  return [
    points.map(({ at }) => Date.parse(at) / 1000),
    points.map(({ responseTimeMs }) => responseTimeMs),
    points.map(({ slowestMs }) => slowestMs),
  ];
}

function optionsOf(element: HTMLElement, points: readonly HistoryPoint[]): uPlot.Options {
  const values = getComputedStyle(element);
  const colour = (name: string): string => resolve(element, values.getPropertyValue(name));
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: '11px system-ui, sans-serif',
  };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    axes: [
      {
        ...axis,
        values: (_, splits) => splits.map((at) => timeOfDay(new Date(at * 1000).toISOString())),
        space: 90,
      },
      { ...axis, size: 60, values: (_, splits) => splits.map((value) => milliseconds(value)) },
    ],
    scales: { y: { range: (_, __, most) => [0, (most || 1) * 1.1] } },
    series: [
      {},
      { label: 'mean', stroke: colour('--accent'), width: 1.75, points: { show: false } },
      { label: 'slowest', stroke: colour('--muted'), width: 1, dash: [3, 3], points: { show: false } },
    ],
    hooks: { drawClear: [(plot) => shadeFailures(plot, points, colour('--unhealthy-soft'))] },
  };
}

/** A canvas does not know `light-dark()`: the colour as an element of the page computes it. */
function resolve(parent: HTMLElement, value: string): string {
  const probe = document.createElement('span');
  probe.style.color = value;
  parent.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function shadeFailures(plot: uPlot, points: readonly HistoryPoint[], colour: string): void {
  const { ctx: context, bbox } = plot;
  context.fillStyle = colour;
  const step = points.length > 1 ? bbox.width / (points.length - 1) : bbox.width;
  for (const { at, up } of points)
    if (up !== null && up < 1)
      context.fillRect(
        plot.valToPos(Date.parse(at) / 1000, 'x', true) - step / 2,
        bbox.top,
        step,
        bbox.height,
      );
}

/** Number of changes of the theme. */
function useThemeChanges(): number {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const stopped = new AbortController();
    const changed = (): void => setChanges((before) => before + 1);
    globalThis.addEventListener('themechange', changed, { signal: stopped.signal });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed, {
      signal: stopped.signal,
    });
    return () => stopped.abort();
  }, []);
  return changes;
}
