import { useEffect, useState, useSyncExternalStore } from 'react';
import { Link, useLocation } from 'wouter';
import { connection, session } from '../api/client.ts';
import style from './layout.module.css';
import { applyTheme, chosenTheme, themes } from './theme.ts';

const views = [
  { href: '/', label: 'Overview', covers: ['/services'] },
  { href: '/map', label: 'Map', covers: ['/map'] },
  { href: '/traces', label: 'Traces', covers: ['/traces'] },
  { href: '/logs', label: 'Logs', covers: ['/logs'] },
  { href: '/explorer', label: 'Explorer', covers: ['/explorer'] },
  { href: '/status', label: 'Status page', covers: ['/status'] },
];

export function Header() {
  const [location] = useLocation();
  return (
    <header className={style.header}>
      <a className={style.skip} href="#main">
        Skip to the content
      </a>
      <Link className={style.brand} href="/">
        <svg width="20" height="20" viewBox="0 0 32 32" fill="none" aria-hidden="true">
          <path d="M8 23 16 8l8 15z" stroke="currentColor" strokeWidth="2.5" strokeLinejoin="round" />
          <g fill="currentColor">
            <circle cx="16" cy="8" r="4.5" />
            <circle cx="8" cy="23" r="4.5" />
            <circle cx="24" cy="23" r="4.5" />
          </g>
        </svg>
        Arcadium
      </Link>
      <nav className={style.nav} aria-label="Views">
        {views.map(({ href, label, covers }) => {
          const isHere = location === href || covers.some((path) => location.startsWith(path));
          return (
            <Link key={href} href={href} aria-current={isHere ? 'page' : undefined}>
              {label}
            </Link>
          );
        })}
      </nav>
      <div className={style.tools}>
        <ConnectionState />
        <ThemeSwitch />
        <LoggedIn />
      </div>
    </header>
  );
}

/** How long a lost connection may take to return before the page says so, in milliseconds. */
const graceMs = 800;

function ConnectionState() {
  const state = useSyncExternalStore(connection.subscribe, connection.get);
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (state === 'open') return undefined;
    const timer = setTimeout(() => setLate(true), graceMs);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [state]);
  const isLost = isLate && state !== 'open';
  return (
    <span className={isLost ? style.lost : style.live} role="status">
      <svg width="8" height="8" viewBox="0 0 12 12" aria-hidden="true">
        <path d={isLost ? 'M1 1h10v10H1z' : 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z'} fill="currentColor" />
      </svg>
      {isLost ? 'Not connected' : 'Live'}
    </span>
  );
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <select
      aria-label="Theme"
      value={theme}
      onChange={({ target }) => {
        const chosen = themes.find((each) => each === target.value) ?? 'system';
        setTheme(chosen);
        applyTheme(chosen);
      }}
    >
      <option value="system">System</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}

function LoggedIn() {
  const name = useSyncExternalStore(session.subscribe, () => session.name);
  if (name === undefined) return null;
  return (
    <button type="button" onClick={() => void session.logOut()}>
      Log out {name}
    </button>
  );
}
