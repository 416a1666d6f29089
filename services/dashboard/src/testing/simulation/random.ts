/** A number from 0 to 1 that depends on the parts alone (FNV-1a with a final mix). */
export function noise(...parts: (string | number)[]): number {
  let hash = 2_166_136_261;
  for (const character of parts.join('|')) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_507);
  hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** 1 ± `spread`: a slow wave, and a step every two seconds. */
export function sway(key: string, at: number, spread: number): number {
  const wave = Math.sin((at / 60_000) * (0.5 + noise(key, 'pace')) + noise(key, 'phase') * 2 * Math.PI);
  return 1 + spread * (0.7 * wave + 0.6 * (noise(key, Math.floor(at / 2000)) - 0.5));
}

/** Hexadecimal digits that depend on the key alone. */
export function hex(key: string, digits: number): string {
  let text = '';
  for (let part = 0; text.length < digits; part++)
    text += Math.floor(noise(key, part) * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, digits);
}
