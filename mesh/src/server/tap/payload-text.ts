/** Most characters of a payload. */
const mostCharacters = 2000;

/** Names of fields that hold a secret, or what proves one. */
const secret =
  /pass(word|phrase)|token|secret|credential|authorization|cookie|otp|code|key$|^keys?$|signature|hash/i;

/** A payload as JSON for people: fields whose name looks like a secret are masked, and the end is cut. */
export function payloadText(payload: unknown): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload, (name, value: unknown) => (secret.test(name) ? '[hidden]' : value));
  } catch {
    return '[not JSON]';
  }
  // `undefined` has no JSON.
  if (text === undefined || text.length <= mostCharacters) return text;
  return `${text.slice(0, mostCharacters)}…`;
}
