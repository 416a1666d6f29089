const none = '–';

/** `0.05`, `3.2`, `147`, `12k`: calls per second. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  if (perSecond < 0.1) return perSecond.toFixed(2);
  if (perSecond < 10) return perSecond.toFixed(1);
  if (perSecond < 10_000) return perSecond.toFixed(0);
  return `${(perSecond / 1000).toFixed(0)}k`;
}

/** `100 %`, `99.95 %`, `82 %`: never rounded up to 100. */
export function percent(share: number | null): string {
  if (share === null) return none;
  const value = share * 100;
  if (value === 100) return '100 %';
  if (value < 90) return `${value.toFixed(0)} %`;
  return `${(Math.floor(value * 100) / 100).toFixed(2)} %`;
}

/** `0 ms`, `0.4 ms`, `12 ms`, `1.25 s`. */
export function milliseconds(value: number | null): string {
  if (value === null) return none;
  if (value === 0) return '0 ms';
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${value.toFixed(0)} ms`;
  return `${(value / 1000).toFixed(2)} s`;
}

/** `45 s`, `12 min`, `3 h 20 min`, `71 d`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return none;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) {
    const minutes = Math.floor((seconds % 3600) / 60);
    return minutes === 0
      ? `${Math.floor(seconds / 3600)} h`
      : `${Math.floor(seconds / 3600)} h ${minutes} min`;
  }
  return `${Math.floor(seconds / 86_400)} d`;
}

export function megabytes(bytes: number | null): string {
  return bytes === null ? none : `${(bytes / 1e6).toFixed(0)} MB`;
}

export function count(value: number | null): string {
  return value === null ? none : value.toLocaleString('en');
}

/** `1 span`, `6 spans`. */
export function plural(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${count(number)} ${noun}s`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** `14:03:09`, with the date if it is not today. */
export function time(iso: string): string {
  return withDay(iso, clock);
}

/** `14:03`, with the date if it is not today. */
export function timeOfDay(iso: string): string {
  return withDay(iso, minute);
}

/** `14:03:09.120`. */
export function exactTime(iso: string): string {
  return `${time(iso)}.${iso.slice(20, 23)}`;
}

function withDay(iso: string, format: Intl.DateTimeFormat): string {
  const date = new Date(iso);
  const text = format.format(date);
  return date.toDateString() === new Date().toDateString() ? text : `${day.format(date)} ${text}`;
}
