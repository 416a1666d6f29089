import type { KeyboardEvent, MouseEvent } from 'react';
import { milliseconds } from '../../format.ts';
import type { Row } from './span-tree.ts';
import style from './waterfall.module.css';

interface Waterfall {
  rows: readonly Row[];
  durationMs: number;
  /** Id of the chosen span. */
  chosen: string | undefined;
  onChoose: (spanId: string) => void;
}

const mostIndent = 12;

/** Spans over time; with arrow keys from one to the next. */
export function Waterfall({ rows, durationMs, chosen, onChoose }: Waterfall) {
  const total = Math.max(durationMs, 0.001);
  const move = (event: KeyboardEvent<HTMLElement>): void => {
    const index = rows.findIndex(({ span }) => span.spanId === chosen);
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : rows[to];
    if (!row) return;
    event.preventDefault();
    onChoose(row.span.spanId);
    event.currentTarget.querySelector<HTMLElement>(`[data-span="${row.span.spanId}"]`)?.focus();
  };
  const choose = ({ target }: MouseEvent): void => {
    const row = target instanceof Element && target.closest<HTMLElement>('[data-span]');
    if (row) onChoose(row.dataset['span'] ?? '');
  };
  return (
    <div className={style.waterfall}>
      <div className={style.scale} aria-hidden="true">
        {[0, 0.25, 0.5, 0.75].map((share) => (
          <span key={share}>{milliseconds(share * durationMs)}</span>
        ))}
      </div>
      <div role="listbox" aria-label="Spans" tabIndex={-1} onKeyDown={move} onClick={choose}>
        {rows.map(({ span, depth, name }) => (
          <div
            key={span.spanId}
            role="option"
            aria-selected={span.spanId === chosen}
            tabIndex={span.spanId === chosen ? 0 : -1}
            data-span={span.spanId}
            className={style.row}
          >
            <span className={style.name} style={{ paddingInlineStart: 14 * Math.min(depth, mostIndent) }}>
              <span className={style.service}>{span.service}</span> {name}
              {span.status === 'error' && <span className="unhealthy"> failed</span>}
            </span>
            <svg className={style.bar} viewBox="0 0 1000 14" preserveAspectRatio="none" aria-hidden="true">
              <rect
                className={span.status === 'error' ? style.failed : style[span.kind]}
                x={Math.min(997, (span.startMs / total) * 1000)}
                width={Math.max(3, (span.durationMs / total) * 1000)}
                y="2"
                height="10"
              />
            </svg>
            <span className="number">{milliseconds(span.durationMs)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
