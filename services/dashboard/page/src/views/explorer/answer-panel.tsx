import type { ExplorerAnswer } from '@arcadium/contracts/dashboard';
import { Link } from 'wouter';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { milliseconds } from '../../format.ts';
import { JsonText, pretty } from './json-text.tsx';
import style from './procedure-panel.module.css';

/** What came of a call, with the way to its trace and its logs. */
export function AnswerPanel({ answer }: { answer: ExplorerAnswer }) {
  const { status, failed, truncated, durationMs, requestId, traceId } = answer;
  return (
    <Panel
      title="Answer"
      aside={
        <StatusMark status={failed ? 'unhealthy' : 'healthy'}>
          {`${status === 0 ? 'no answer' : `HTTP ${status}`} in ${milliseconds(durationMs)}`}
        </StatusMark>
      }
    >
      <div className={style.about} role="status">
        <JsonText label="Answer" text={truncated ? answer.answer : pretty(answer.answer)} />
        {truncated && <p className="muted">The answer is longer than 1 MiB and is cut off.</p>}
        <p>
          <Link href={`/traces/${traceId}`}>Trace</Link> ·{' '}
          <Link href={`/logs?requestId=${requestId}`}>Log lines of request {requestId}</Link>
        </p>
      </div>
    </Panel>
  );
}
