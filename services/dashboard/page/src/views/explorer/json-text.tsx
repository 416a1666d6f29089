import style from './json-text.module.css';

/** JSON that scrolls by itself where it is long, by keyboard too. */
export function JsonText({ label, text }: { label: string; text: string }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard
    <pre className={style.json} role="group" aria-label={label} tabIndex={0}>
      {text}
    </pre>
  );
}

/** JSON with line breaks; other text as it is. */
export function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
