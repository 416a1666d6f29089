import { join } from 'node:path';
import { serviceNames, settingsOf } from '../workspace.ts';

/** Settings whose values are secrets, or may contain some. */
const secretSettings = /TOKEN|SECRET|PASSWORD|PASSPHRASE|KEY|IDENTITY|URL|CODE/;

/** A shorter text may be anything. */
const shortest = 8;

/** Members of JSON Web Keys that are private. */
const privateMembers = ['d', 'k'];

const token = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g;

/**
 * Replaces tokens, and the secrets of this checkout's settings.
 *
 * @returns A function for texts, also for JSON.
 */
export function hidingSecrets(): (text: string) => string {
  const settings = [settingsOf(), ...serviceNames().map((name) => settingsOf(join('services', name)))];
  const secrets = new Set(settings.flatMap((one) => Object.entries(one).flatMap(secretsOf)));
  const known = [...secrets]
    .filter(({ length }) => length >= shortest)
    .toSorted((a, b) => b.length - a.length);
  return (text) =>
    known.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text.replaceAll(token, '[token]'));
}

function secretsOf([name, value = '']: [string, string | undefined]): string[] {
  if (!secretSettings.test(name) || name.endsWith('_FILE')) return [];
  if (name.includes('URL')) return passwordsOf(value);
  const parts = value.startsWith('{') ? privatePartsOf(value) : [value];
  return parts.flatMap((one) => [one, JSON.stringify(one).slice(1, -1)]);
}

/** As it stands in the URL, and decoded. */
function passwordsOf(url: string): string[] {
  const [, password] = /^\w+:\/\/[^:@/?]*:([^@/?]+)@/.exec(url) ?? [];
  return password === undefined ? [] : [password, decodeURIComponent(password)];
}

function privatePartsOf(text: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(text, (member, value: unknown) => {
      if (privateMembers.includes(member) && typeof value === 'string') found.push(value);
      return value;
    });
  } catch {
    return [text];
  }
  return found;
}
