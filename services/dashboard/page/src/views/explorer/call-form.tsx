import type { ExplorerAnswer, ExplorerProcedure } from '@arcadium/contracts/dashboard';
import { useMutation } from '@tanstack/react-query';
import { useId, useState, useSyncExternalStore, type SubmitEvent } from 'react';
import { api, session } from '../../api/client.ts';
import { Failure } from '../../components/failure.tsx';
import { Panel } from '../../components/panel.tsx';
import { AnswerPanel } from './answer-panel.tsx';
import style from './call-form.module.css';
import { CopyButtons } from './copy-buttons.tsx';
import { exampleOf } from './example.ts';
import { LiveEvents } from './live-events.tsx';

interface Form {
  service: string;
  procedure: ExplorerProcedure;
  behalf: readonly string[];
}

/** A form that calls one procedure, and what came of it. */
export function CallForm({ service, procedure, behalf }: Form) {
  const { path, kind } = procedure;
  const [input, setInput] = useState(() => initialInput(procedure));
  const [caller, setCaller] = useState('anyone');
  const [idempotencyKey, setKey] = useState('');
  const [timeoutMs, setTimeoutMs] = useState(10_000);
  const [watched, setWatched] = useState<number>();
  const problem = problemOf(input);
  const as = caller === 'anyone' || caller === 'user' ? caller : 'service';
  const request = { service, path, input, as, ...(as === 'service' && { onBehalfOf: caller }) } as const;
  const call = useMutation<ExplorerAnswer>({
    mutationFn: () =>
      api.explorer.run.mutate({ ...request, timeoutMs, ...(idempotencyKey !== '' && { idempotencyKey }) }),
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (kind === 'subscription') setWatched((number = 0) => number + 1);
    else call.mutate();
  };
  return (
    <>
      <Panel title={kind === 'subscription' ? 'Subscribe' : 'Call'}>
        <form className={style.form} onSubmit={submit}>
          {procedure.input !== null && <InputField value={input} problem={problem} onChange={setInput} />}
          <div className={style.options}>
            <CallerChoice value={caller} behalf={behalf} onChange={setCaller} />
            {procedure.idempotent === 'by-key' && (
              <label>
                Idempotency key
                <span className={style.row}>
                  <input
                    value={idempotencyKey}
                    maxLength={128}
                    pattern="[\w:.\-]*"
                    onChange={({ target }) => setKey(target.value)}
                  />
                  <button type="button" onClick={() => setKey(crypto.randomUUID())}>
                    New
                  </button>
                </span>
              </label>
            )}
            {kind !== 'subscription' && (
              <label>
                Deadline, ms
                <input
                  type="number"
                  min={1}
                  max={30_000}
                  required
                  value={timeoutMs}
                  onChange={({ target }) => setTimeoutMs(target.valueAsNumber)}
                />
              </label>
            )}
          </div>
          <div className={style.row}>
            <button
              className={style.primary}
              type="submit"
              disabled={problem !== undefined || call.isPending}
            >
              {kind === 'subscription' ? 'Subscribe' : call.isPending ? 'Calling…' : 'Call'}
            </button>
            {watched !== undefined && (
              <button type="button" onClick={() => setWatched(undefined)}>
                Stop
              </button>
            )}
            <CopyButtons call={{ service, path, kind, input, caller, idempotencyKey }} />
          </div>
        </form>
      </Panel>
      {call.error && <Failure error={call.error} />}
      {call.data && <AnswerPanel answer={call.data} />}
      {watched !== undefined && <LiveEvents key={watched} request={request} />}
    </>
  );
}

interface Input {
  value: string;
  problem: string | undefined;
  onChange: (value: string) => void;
}

function InputField({ value, problem, onChange }: Input) {
  const id = useId();
  return (
    <label>
      Input, JSON
      <textarea
        className={style.input}
        rows={Math.min(16, Math.max(3, value.split('\n').length))}
        spellCheck={false}
        value={value}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : id}
        onChange={({ target }) => onChange(target.value)}
      />
      {problem !== undefined && (
        <span className="unhealthy" id={id}>
          {problem}
        </span>
      )}
    </label>
  );
}

interface Caller {
  value: string;
  behalf: readonly string[];
  onChange: (value: string) => void;
}

function CallerChoice({ value, behalf, onChange }: Caller) {
  const name = useSyncExternalStore(session.subscribe, () => session.name);
  return (
    <label>
      Call as
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="anyone">anyone</option>
        <option value="user" disabled={name === undefined}>
          {name === undefined ? 'a user (log in first)' : name}
        </option>
        {name !== undefined &&
          behalf.map((service) => (
            <option key={service} value={service}>
              the service {service}
            </option>
          ))}
      </select>
    </label>
  );
}

/** The first example of the contract; without one, what the schema requires, or nothing where the input may be left out. */
function initialInput({ input, inputOptional, examples: [first] = [] }: ExplorerProcedure): string {
  if (input === null) return '';
  if (first !== undefined) return JSON.stringify(first, null, 2);
  const example = JSON.stringify(exampleOf(input), null, 2);
  return inputOptional && example === '{}' ? '' : example;
}

function problemOf(input: string): string | undefined {
  if (input.trim() === '') return undefined;
  try {
    JSON.parse(input);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `The input is not JSON: ${error.message}` : 'The input is not JSON';
  }
}
