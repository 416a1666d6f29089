import { useState } from 'react';
import { asCurl, asMeshCall, asTypeScript, type CopiedCall } from './snippets.ts';

const forms = { curl: asCurl, TypeScript: asTypeScript, 'mesh call': asMeshCall } as const;
/** How long a button says that it has copied, in milliseconds. */
const saidMs = 1500;

/** Buttons that copy a call. */
export function CopyButtons({ call }: { call: CopiedCall }) {
  const [copied, setCopied] = useState<string>();
  const copy = async (name: keyof typeof forms): Promise<void> => {
    await navigator.clipboard.writeText(forms[name](call));
    setCopied(name);
    setTimeout(() => setCopied(undefined), saidMs);
  };
  return (
    <>
      {(['curl', 'TypeScript', 'mesh call'] as const).map((name) => (
        <button key={name} type="button" onClick={() => void copy(name)}>
          {copied === name ? 'Copied' : `Copy as ${name}`}
        </button>
      ))}
    </>
  );
}
