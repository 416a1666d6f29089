import type { ExplorerService } from '@arcadium/contracts/dashboard';
import { useState } from 'react';
import { Link } from 'wouter';
import { Panel } from '../../components/panel.tsx';
import style from './procedure-list.module.css';

/** All procedures, by service; filtered by what is typed. */
export function ProcedureList({
  services,
  selected,
}: {
  services: readonly ExplorerService[];
  selected: string;
}) {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  return (
    <Panel title="Procedures">
      <div className={style.list}>
        <input
          type="search"
          aria-label="Filter procedures"
          placeholder="Filter"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        {services.map(({ service, problem, procedures }) => {
          const found = procedures.filter(({ path, summary }) =>
            `${service}.${path} ${summary}`.toLowerCase().includes(wanted),
          );
          if (found.length === 0 && problem === null) return null;
          return (
            <details
              key={service}
              open={wanted !== '' || selected.startsWith(`${service}/`) || services.length < 5}
            >
              <summary>{service}</summary>
              {problem !== null && (
                <p className="unhealthy">
                  {procedures.length === 0 ? 'Its contract is not known' : 'Its contract may have changed'}:{' '}
                  {problem}.
                </p>
              )}
              <ul>
                {found.map(({ path }) => (
                  <li key={path}>
                    <Link
                      className={style.link ?? ''}
                      href={`/explorer/${service}/${path}`}
                      aria-current={selected === `${service}/${path}` ? 'page' : undefined}
                    >
                      {path}
                    </Link>
                  </li>
                ))}
              </ul>
            </details>
          );
        })}
      </div>
    </Panel>
  );
}
