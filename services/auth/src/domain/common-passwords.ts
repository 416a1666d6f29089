/** Common passwords. */
export interface CommonPasswords {
  /** @param text In lower case. */
  has(text: string): boolean;
}

/** The name of the service, a likely bad choice here (NIST 800-63B-4 §3.1.1.2). */
const ours = 'arcadium';

let loaded: Promise<CommonPasswords> | undefined;

/** The list of about 49,000, read on first use (60 ms) and then kept (8 MB). */
export function loadCommonPasswords(): Promise<CommonPasswords> {
  loaded ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set([...dictionary['passwords-common'], ours]),
  );
  return loaded;
}
