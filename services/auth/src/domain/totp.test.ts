import { Secret } from 'otpauth';
import { expect, test } from 'vitest';
import { totpStep } from './totp.ts';

// The secret and the last six digits of the SHA-1 codes of RFC 6238, appendix B.
const secret = Secret.fromLatin1('12345678901234567890').base32;

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('at %i s the code of RFC 6238 is of its step, and of those beside it', (seconds, code) => {
  const step = BigInt(Math.floor(seconds / 30));
  for (const off of [-30, 0, 30]) {
    expect(totpStep(secret, code, new Date((seconds + off) * 1000))).toBe(step);
  }
  for (const off of [-60, 60]) {
    expect(totpStep(secret, code, new Date((seconds + off) * 1000))).toBeUndefined();
  }
});

test.each(['', '28708', '2870822', '28708x', 'abcde-fghij', '２８７０８２'])('%j is no code', (code) => {
  expect(totpStep(secret, code, new Date(59_000))).toBeUndefined();
});
