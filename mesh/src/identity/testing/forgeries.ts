import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto';
import { publicPart, type TokenKind } from '../index.ts';
import type { PrivateJwk } from '../../issuer/index.ts';
import { claimsOf, encode, forge, headerOf, now, signParts } from './forge.ts';

/** The keys of auth and of the forger. Auth's private key is for valid tokens, and for what only auth could sign. */
export interface Forger {
  kind: TokenKind;
  ours: PrivateJwk;
  theirs: PrivateJwk;
}

/** A forged or misused token, and the reason for which it is refused. */
export type Forgery = readonly [what: string, make: (forger: Forger) => string, reason: string];

const malformed = 'it is malformed';
const notAllowed = 'its algorithm is not allowed';
const moreInHeader = 'its header has more members than alg, typ and kid';
const wrongSignature = 'its signature is wrong';
const noKey = 'it has no valid kid';
const unknownKey = 'its key is unknown';

const good = ({ ours, kind }: Forger) => forge(ours, { kind });
const withHeader =
  (header: Record<string, unknown>) =>
  ({ ours, kind }: Forger) =>
    forge(ours, { kind, header });
const withClaims =
  (claims: () => Record<string, unknown>) =>
  ({ ours, kind }: Forger) =>
    forge(ours, { kind, claims: claims() });
/** A forged header, signed with the forger's key. */
const theirsWithHeader =
  (header: (forger: Forger) => Record<string, unknown>) =>
  (forger: Forger): string =>
    forge(forger.theirs, { kind: forger.kind, header: { kid: forger.ours.kid, ...header(forger) } });
/** Another text instead of the header or the claims, signed by auth. */
const withHeaderText = (change: (text: string) => string) => (forger: Forger) =>
  signParts(
    forger.ours,
    encode(change(JSON.stringify(headerOf(forger.ours, forger.kind)))),
    encode(claimsOf(forger.kind)),
  );
const withClaimsText = (change: (text: string) => string) => (forger: Forger) =>
  signParts(
    forger.ours,
    encode(headerOf(forger.ours, forger.kind)),
    encode(change(JSON.stringify(claimsOf(forger.kind)))),
  );
/** A valid token with its text changed. */
const withText = (change: (token: string) => string) => (forger: Forger) => change(good(forger));
const withParts = (change: (...parts: [string, string, string]) => string) =>
  withText((token) => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    return change(header, payload, signature);
  });
/** A valid token with another signature. */
const withSignature = (change: (signature: Buffer, forger: Forger) => Buffer) => (forger: Forger) => {
  const token = good(forger);
  const end = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(end), 'base64url');
  return token.slice(0, end) + change(signature, forger).toString('base64url');
};

const publicKey = ({ kty, crv, x }: PrivateJwk): KeyObject =>
  createPublicKey({ key: { kty, crv, x }, format: 'jwk' });

/** A token with another algorithm, signed with the forger's keys. */
const under =
  (alg: string, signWith: (text: string, forger: Forger) => Buffer) =>
  (forger: Forger): string => {
    const header = encode({ ...headerOf(forger.ours, forger.kind), alg });
    const text = `${header}.${encode(claimsOf(forger.kind))}`;
    return `${text}.${signWith(text, forger).toString('base64url')}`;
  };
/** A token with HMAC, whose secret is a representation of the public key. */
const hmac = (hash: string, write: (key: PrivateJwk) => string | Buffer) =>
  under(`HS${hash}`, (text, { ours }) => createHmac(`sha${hash}`, write(ours)).update(text).digest());

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const byKey = (options: SignKeyObjectInput) => (text: string) => sign('sha256', Buffer.from(text), options);

/** The order of Ed25519's base point. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

/** An equivalent signature for verifiers that do not check that S is below the order (RFC 8032 §5.1.7). */
function malleate(signature: Buffer): Buffer {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`) + order;
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').toReversed();
  return Buffer.concat([signature.subarray(0, 32), bytes]);
}

/** A signature of any text, if the key is the neutral element. */
const neutral = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);

const byTheirKey = 'https://attacker.example/keys.json';
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

const algorithms: readonly Forgery[] = [
  ['ES256', under('ES256', byKey({ key: elliptic, dsaEncoding: 'ieee-p1363' })), notAllowed],
  ['RS256', under('RS256', byKey({ key: rsa })), notAllowed],
  ['PS256', under('PS256', byKey({ key: rsa, padding: 6, saltLength: 32 })), notAllowed],
  ['HS256, the secret x', hmac('256', ({ x }) => x), notAllowed],
  ['HS256, the secret the bytes of x', hmac('256', ({ x }) => Buffer.from(x, 'base64url')), notAllowed],
  [
    'HS384, the secret the DER',
    hmac('384', (key) => publicKey(key).export({ type: 'spki', format: 'der' })),
    notAllowed,
  ],
  [
    'HS512, the secret the PEM',
    hmac('512', (key) => publicKey(key).export({ type: 'spki', format: 'pem' })),
    notAllowed,
  ],
  ['HS256, the secret the JWK', hmac('256', (key) => JSON.stringify(publicPart(key))), notAllowed],
  ...['none', 'None', 'NONE', 'nOnE', ''].map((alg): Forgery => [
    `the algorithm ${JSON.stringify(alg)}`,
    under(alg, () => Buffer.alloc(0)),
    notAllowed,
  ]),
  ['none, and a good signature', withHeader({ alg: 'none' }), notAllowed],
  ['the algorithm Ed25519', withHeader({ alg: 'Ed25519' }), notAllowed],
  ['the algorithm eddsa', withHeader({ alg: 'eddsa' }), notAllowed],
  ['two algorithms', withHeader({ alg: ['EdDSA', 'none'] }), notAllowed],
  ['no algorithm', withHeader({ alg: undefined }), notAllowed],
];

const keys: readonly Forgery[] = [
  ['an unknown kid', withHeader({ kid: 'unknown' }), unknownKey],
  ['no kid', withHeader({ kid: undefined }), noKey],
  ['an empty kid', withHeader({ kid: '' }), noKey],
  ['a number as kid', withHeader({ kid: 0 }), noKey],
  ['a list as kid', ({ ours, kind }) => forge(ours, { kind, header: { kid: [ours.kid] } }), noKey],
  ['a path as kid', withHeader({ kid: '../../../../dev/null' }), unknownKey],
  ['SQL as kid', withHeader({ kid: "' UNION SELECT 'x' --" }), unknownKey],
  ['a very long kid', withHeader({ kid: 'k'.repeat(5000) }), noKey],
  ['__proto__ as kid', withHeader({ kid: '__proto__' }), unknownKey],
  ['constructor as kid', withHeader({ kid: 'constructor' }), unknownKey],
  ['another’s key under our kid', theirsWithHeader(() => ({})), wrongSignature],
  ['another’s key under its own kid', theirsWithHeader(({ theirs }) => ({ kid: theirs.kid })), unknownKey],
  [
    'a jwk of its own',
    theirsWithHeader(({ theirs }) => ({ jwk: { ...theirs, d: undefined } })),
    moreInHeader,
  ],
  ['a jku of its own', theirsWithHeader(() => ({ jku: byTheirKey })), moreInHeader],
  ['an x5u of its own', theirsWithHeader(() => ({ x5u: byTheirKey })), moreInHeader],
  ['an x5c of its own', theirsWithHeader(({ theirs }) => ({ x5c: [theirs.x] })), moreInHeader],
  ['a crit', withHeader({ crit: ['exp'], exp: 1 }), moreInHeader],
  ['an empty crit', withHeader({ crit: [] }), moreInHeader],
  ['b64 false', withHeader({ b64: false, crit: ['b64'] }), moreInHeader],
  ['a cty', withHeader({ cty: 'JWT' }), moreInHeader],
];

const kindsAndTimes: readonly Forgery[] = [
  ['no typ', withHeader({ typ: undefined }), 'its typ is wrong'],
  ['the typ JWT', withHeader({ typ: 'JWT' }), 'its typ is wrong'],
  // RFC 7515 §4.1.9 allows both of these; auth writes neither.
  [
    'its typ with application/ before it',
    ({ ours, kind }) => forge(ours, { kind, header: { typ: `application/${headerOf(ours, kind).typ}` } }),
    'its typ is wrong',
  ],
  [
    'its typ in capitals',
    ({ ours, kind }) => forge(ours, { kind, header: { typ: headerOf(ours, kind).typ.toUpperCase() } }),
    'its typ is wrong',
  ],
  [
    'the other kind of token',
    ({ ours, kind }) => forge(ours, { kind: kind === 'user' ? 'service' : 'user' }),
    'its typ is wrong',
  ],
  [
    'the other kind of claims',
    ({ ours, kind }) => forge(ours, { kind, claims: claimsOf(kind === 'user' ? 'service' : 'user') }),
    'its aud is wrong',
  ],
  ['one that has expired', withClaims(() => ({ exp: now() - 60 })), 'it has expired'],
  ['one not yet valid', withClaims(() => ({ nbf: now() + 120 })), 'it is not yet valid'],
  [
    'one issued in the future',
    withClaims(() => ({ iat: now() + 120, exp: now() + 180 })),
    'it is not yet valid',
  ],
  ['another issuer', withClaims(() => ({ iss: 'somebody' })), 'its iss is wrong'],
  ['no issuer', withClaims(() => ({ iss: undefined })), 'its iss is wrong'],
  ['another audience', withClaims(() => ({ aud: 'somebody' })), 'its aud is wrong'],
  [
    'several audiences',
    ({ ours, kind }) => forge(ours, { kind, claims: { aud: [claimsOf(kind).aud, 'somebody'] } }),
    'its aud is wrong',
  ],
  ['no subject', withClaims(() => ({ sub: undefined })), 'its sub is wrong'],
  ['no id', withClaims(() => ({ jti: undefined })), 'its jti is wrong'],
  ['an object for an id', withClaims(() => ({ jti: {} })), 'its jti is wrong'],
  ['no end', withClaims(() => ({ exp: undefined })), 'its exp is wrong'],
  ['a text for an end', withClaims(() => ({ exp: '9999999999' })), 'its exp is wrong'],
  ['a fraction for an end', withClaims(() => ({ exp: now() + 60.5 })), 'its exp is wrong'],
  ['a negative end', withClaims(() => ({ exp: -1 })), 'its exp is wrong'],
  ['an end of 2 to the 60th', withClaims(() => ({ exp: 2 ** 60 })), 'its exp is wrong'],
  ['an end that is no date', withClaims(() => ({ exp: Number.MAX_SAFE_INTEGER })), 'its exp is wrong'],
  ['an infinite end', withClaimsText((text) => text.replace(/"exp":\d+/, '"exp":1e999')), malformed],
  ['NaN for an end', withClaimsText((text) => text.replace(/"exp":\d+/, '"exp":NaN')), malformed],
  ['null for an end', withClaims(() => ({ exp: null })), 'its exp is wrong'],
  ['a text for a beginning', withClaims(() => ({ iat: 'now' })), 'its iat is wrong'],
  ['another type', withClaims(() => ({ type: 'admin' })), 'its claims are invalid'],
  ['no names', withClaims(() => ({ service_name: undefined, name: undefined })), 'its claims are invalid'],
  ['numbers for names', withClaims(() => ({ service_name: 7, name: 7 })), 'its claims are invalid'],
];

const forms: readonly Forgery[] = [
  ['nonsense', () => 'nonsense', malformed],
  ['nothing but dots', () => '..', malformed],
  ['a header cut short', withParts((header, ...rest) => [header.slice(0, -5), ...rest].join('.')), malformed],
  [
    'claims cut short',
    withParts((header, payload, signature) => `${header}.${payload.slice(0, -5)}.${signature}`),
    wrongSignature,
  ],
  ['a signature cut short', withText((token) => token.slice(0, -10)), wrongSignature],
  ['no header', withParts((_header, payload, signature) => `.${payload}.${signature}`), malformed],
  ['no claims', withParts((header, _payload, signature) => `${header}..${signature}`), wrongSignature],
  ['no signature', withParts((header, payload) => `${header}.${payload}.`), wrongSignature],
  ['two parts', withParts((header, payload) => `${header}.${payload}`), malformed],
  [
    'claims of another token',
    (forger) => {
      const [header, , signature] = good(forger).split('.');
      return [header, encode({ ...claimsOf(forger.kind), sub: 'another' }), signature].join('.');
    },
    wrongSignature,
  ],
  ['twice', withText((token) => token + token), malformed],
  ['twice, with a dot', withText((token) => `${token}.${token}`), malformed],
  ['twice, with a comma', withText((token) => `${token},${token}`), malformed],
  ['twice, with a comma and a space', withText((token) => `${token}, ${token}`), malformed],
  ['a fourth part', withText((token) => `${token}.AAAA`), malformed],
  [
    'five parts, as of a JWE',
    () => [encode({ alg: 'dir', enc: 'A256GCM' }), '', 'AAAA', 'AAAA', 'AAAA'].join('.'),
    malformed,
  ],
  [
    'JSON in the place of the compact form',
    withParts((header, payload, signature) => JSON.stringify({ protected: header, payload, signature })),
    malformed,
  ],
  ['a megabyte', withText((token) => token + 'A'.repeat(2 ** 20)), 'it is too long'],
  [
    'more than 8 KiB of claims, well signed',
    withClaims(() => ({ more: 'x'.repeat(8192) })),
    'it is too long',
  ],
  ['a letter that is not ASCII', withText((token) => `${token.slice(0, 40)}ü${token.slice(41)}`), malformed],
  [
    'a letter beyond Latin',
    withText((token) => `${token.slice(0, 40)}\u{1d400}${token.slice(41)}`),
    malformed,
  ],
  ['a space within', withText((token) => `${token.slice(0, 40)} ${token.slice(40)}`), malformed],
  ['a tab within', withText((token) => `${token.slice(0, 40)}\t${token.slice(40)}`), malformed],
  ['a line break within', withText((token) => `${token.slice(0, 40)}\r\n${token.slice(40)}`), malformed],
  ['NUL within', withText((token) => `${token.slice(0, 40)}\0${token.slice(40)}`), malformed],
  ['NUL at the end', withText((token) => `${token}\0`), wrongSignature],
  ['padding', withText((token) => `${token}==`), wrongSignature],
  ['padding of the header', withParts((header, ...rest) => [`${header}=`, ...rest].join('.')), malformed],
  ['the other alphabet of base64', withSignature(() => Buffer.alloc(64, 0xfb)), wrongSignature],
  [
    'the other alphabet, in the text',
    withParts((header, payload) => `${header}.${payload}.${'+/'.repeat(43)}`),
    wrongSignature,
  ],
  [
    'a last letter with other spare bits',
    withText(
      (token) => token.slice(0, -1) + String.fromCodePoint((token.codePointAt(token.length - 1) ?? 0) + 1),
    ),
    wrongSignature,
  ],
  ['S beyond the order', withSignature(malleate), wrongSignature],
  ['the neutral signature', withSignature(() => neutral), wrongSignature],
  ['a signature of zeros', withSignature(() => Buffer.alloc(64)), wrongSignature],
  [
    'a signature of 65 bytes',
    withSignature((signature) => Buffer.concat([signature, Buffer.alloc(1)])),
    wrongSignature,
  ],
  ['a header that is a list', withHeaderText((text) => `[${text}]`), malformed],
  ['a header that is null', withHeaderText(() => 'null'), malformed],
  [
    'a header that says a thing twice',
    withHeaderText((text) => text.replace('{', '{"alg":"none",')),
    malformed,
  ],
  ['a header with spaces', withHeaderText((text) => text.replaceAll(',', ', ')), malformed],
  [
    'a header with escapes',
    withHeaderText((text) => text.replace('EdDSA', String.raw`\u0045dDSA`)),
    malformed,
  ],
  [
    'a header with __proto__',
    withHeaderText((text) => text.replace('{', '{"__proto__":{"x":1},')),
    moreInHeader,
  ],
  ['a header after a byte order mark', withHeaderText((text) => `\uFEFF${text}`), malformed],
  [
    'claims that say a thing twice',
    withClaimsText((text) => text.replace('{', '{"sub":"another",')),
    malformed,
  ],
  ['claims that are a text', withClaimsText(() => '"claims"'), malformed],
  ['claims that are no JSON', withClaimsText((text) => text.slice(1)), malformed],
  ['a header that is nested deeply', withHeaderText(() => nested(2000)), malformed],
  [
    'claims that are nested deeply',
    withClaimsText((text) => text.replace('{', `{"sub":${nested(2000)},`)),
    malformed,
  ],
  [
    'claims of one thing that is nested deeply',
    withClaimsText((text) => text.replace(/"sub":"[^"]*"/, `"sub":${nested(2000)}`)),
    'its sub is wrong',
  ],
];

/** Forged and misused tokens; each is refused wherever a token of its kind is expected. */
export const forgeries: readonly Forgery[] = [...algorithms, ...keys, ...kindsAndTimes, ...forms];
