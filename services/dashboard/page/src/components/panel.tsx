import { useId, type ReactNode } from 'react';
import style from './panel.module.css';

interface Panel {
  title: string;
  /** Beside the title, such as a switch. */
  aside?: ReactNode;
  /** Without room around the content, for tables. */
  flush?: boolean;
  children: ReactNode;
}

/** A part of a view, with its heading. */
export function Panel({ title, aside, flush = false, children }: Panel) {
  const id = useId();
  return (
    <section className={style.panel} aria-labelledby={id}>
      <header className={style.head}>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      <div className={flush ? style.flush : style.body}>{children}</div>
    </section>
  );
}

/** A table that scrolls by itself where it does not fit, by keyboard too. */
export function TableRoom({ label, children }: { label: string; children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard
    <div className={style.scroll} role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** What a view says instead of data. */
export function Note({ children }: { children: ReactNode }) {
  return <p className={style.note}>{children}</p>;
}
