import { useSyncExternalStore } from 'react';
import { duration, exactTime } from '../format.ts';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time since then, updated each second: `3 s ago`. */
export function Ago({ at }: { at: string | null }) {
  const seconds = useSyncExternalStore(subscribe, () =>
    at === null ? null : Math.max(0, Math.floor((now - Date.parse(at)) / 1000)),
  );
  if (at === null || seconds === null) return <span>never</span>;
  return (
    <time dateTime={at} title={exactTime(at)}>
      {seconds < 2 ? 'now' : `${duration(seconds)} ago`}
    </time>
  );
}
