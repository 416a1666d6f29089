/** The passwords that everybody chooses. */
export interface CommonPasswords {
  /** @param text In lower case. */
  has(text: string): boolean;
}

/** What somebody may well choose here who chooses badly (NIST 800-63B-4 §3.1.1.2: the name of the service). */
const ours = 'arcadium';

let loaded: Promise<CommonPasswords> | undefined;

/** The list of some 49,000, read when it is first asked for (60 ms) and kept from then on (8 MB). */
export function loadCommonPasswords(): Promise<CommonPasswords> {
  loaded ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set([...dictionary['passwords-common'], ours]),
  );
  return loaded;
}
