import type { MapEdge } from '@arcadium/contracts/dashboard';
import { Link } from 'wouter';
import { Panel } from '../../components/panel.tsx';
import { milliseconds, percent, rate } from '../../format.ts';
import style from './edge-panel.module.css';
import { callerName, factsOf, moodOf } from './words.ts';

/** All figures of one edge, with what is unusual in words. */
export function EdgePanel({ edge, onClose }: { edge: MapEdge; onClose: () => void }) {
  const { caller, target, resilience } = edge;
  const isService = caller !== 'user' && caller !== 'anyone';
  return (
    <Panel
      title={`${callerName(caller)} → ${target}`}
      aside={
        <button type="button" onClick={onClose}>
          Close
        </button>
      }
    >
      <div className={style.panel} data-mood={moodOf(edge)}>
        {resilience && resilience.reasons.length > 0 && (
          <ul className={style.reasons} aria-label="What is unusual">
            {resilience.reasons.map((reason) => (
              <li key={reason}>{sentence(reason)}</li>
            ))}
          </ul>
        )}
        <Facts
          facts={[
            ['Rate', `${rate(edge.rate)}/s`],
            ['Success', percent(edge.success)],
            ['p50', milliseconds(edge.p50)],
            ['p95', milliseconds(edge.p95)],
            ['p99', milliseconds(edge.p99)],
          ]}
        />
        {resilience ? (
          <>
            <h3>Resilience of the caller</h3>
            <Facts facts={factsOf(resilience)} />
          </>
        ) : (
          <p className="muted">By the figures of {target}: the caller is outside the mesh.</p>
        )}
        <p className={style.links}>
          {isService && <Link href={`/services/${caller}`}>{caller}</Link>}
          <Link href={`/services/${target}`}>{target}</Link>
          <Link href={`/traces?service=${target}&failed=1`}>Failed traces</Link>
        </p>
      </div>
    </Panel>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  return (
    <dl className={style.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** With a capital letter and a full stop. */
function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
