import { useState, type SubmitEvent } from 'react';
import { session } from '../../api/client.ts';
import { nameOf } from '../../api/session.ts';
import { Panel } from '../../components/panel.tsx';
import style from './log-in.module.css';

/** The log-in of administrators, with a second factor for accounts that have one. */
export function LogIn() {
  const [needsCode, setNeedsCode] = useState(false);
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setBusy(true);
    try {
      const code = text(given, 'code').trim();
      await session.logIn({
        email: text(given, 'email'),
        password: text(given, 'password'),
        ...(code !== '' && { code }),
      });
    } catch (error) {
      if (nameOf(error) === 'CODE_NEEDED') {
        setNeedsCode(true);
        setProblem('');
      } else setProblem(error instanceof Error ? error.message : 'The log-in failed');
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={style.room}>
      <Panel title="Log in">
        <form className={style.form} onSubmit={(event) => void submit(event)}>
          <p className="muted">This dashboard is for administrators.</p>
          <label>
            Email
            <input name="email" type="email" autoComplete="username" required />
          </label>
          <label>
            Password
            <input name="password" type="password" autoComplete="current-password" required maxLength={128} />
          </label>
          {needsCode && (
            <label>
              Code of the authenticator app
              {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears when the log-in asks for it */}
              <input name="code" autoComplete="one-time-code" inputMode="numeric" required autoFocus />
            </label>
          )}
          <p role="alert" className="unhealthy">
            {problem}
          </p>
          <button type="submit" className={style.submit} disabled={isBusy}>
            Log in
          </button>
        </form>
      </Panel>
    </div>
  );
}

function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}
