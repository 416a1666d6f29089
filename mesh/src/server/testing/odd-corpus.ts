import * as odd from './odd-parts.ts';
import { framings, sequences } from './odd-connections.ts';
import type { RawRequest } from './raw-exchange.ts';
import { posted, single, type Draft } from './raw-requests.ts';

const encode = (text: string): string => `?input=${encodeURIComponent(text)}`;
const call = (path: string): Draft => ({ target: `/trpc/${path}` });
const item = '{"id":1}';

/** Each part in each place where it fits. */
function combinations(tokens: Readonly<Record<string, string>>): Draft[] {
  const both = (path: string, headers: Readonly<Record<string, string>>): Draft[] => [
    { target: `/trpc/${path}${encode(item)}`, headers },
    posted(path, item, headers),
  ];
  return [
    ...odd.paths.flatMap((path): Draft[] => [
      call(path),
      posted(path, item),
      { method: 'HEAD', ...call(path) },
    ]),
    ...odd.queries.flatMap((query): Draft[] => [
      call(`items.get${query}`),
      call(`echo${query}`),
      call(`status,items.get${query}`),
      call(`watch${query}`),
      posted(`items.get${query}`, item),
      posted(`store${query}`, '{"0":{"id":1}}'),
    ]),
    ...odd.inputs.flatMap((input): Draft[] => [
      call(`items.get${encode(input)}`),
      call(`echo${encode(input)}`),
      posted('store', input),
      posted('items.add', input),
      posted('items.get', input),
      posted('store?batch=1', input),
    ]),
    ...odd.bodies.flatMap((body) => [posted('store', body), posted('echo', body), posted('clear', body)]),
    ...odd.contentTypes.flatMap((type): Draft[] => {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      return [
        { target: `/trpc/echo${encode(item)}`, headers },
        { method: 'POST', target: '/trpc/store', headers, body: item },
        { method: 'POST', target: '/trpc/echo', headers, body: '' },
        { method: 'POST', target: '/trpc/nothing', headers, body: item },
      ];
    }),
    ...odd.headers.flatMap((headers) =>
      ['items.get', 'store', 'items.add'].flatMap((path) => both(path, headers)),
    ),
    ...Object.values(tokens).flatMap((authorization) =>
      ['items.add', 'items.get', 'stock.take', 'clear'].flatMap((path) =>
        [
          both(path, { authorization }),
          both(path, { authorization, 'x-user-token': tokens['user']?.slice('Bearer '.length) ?? '' }),
          posted(path, '{"name":"pen"}', { authorization }),
          posted(path, undefined, { authorization }),
        ].flat(),
      ),
    ),
    ...odd.methods.flatMap((method) =>
      ['status', 'echo', 'store', 'watch', 'nothing', '%'].flatMap((path): Draft[] => [
        { method, ...call(path) },
        { ...posted(path, item), method },
      ]),
    ),
    ...odd.procedures.flatMap((path): Draft[] => [
      { ...call(path), version: '1.0' },
      { ...posted(path, item), version: '1.0' },
      { ...call(path), version: '1.0', headers: { connection: 'keep-alive' } },
      { ...call(path), headers: { connection: 'close' } },
      { target: `http://elsewhere.example/trpc/${path}` },
      { target: `http://elsewhere.example:80/trpc/${path}?input=null` },
      call(`${path},${path}?batch=1`),
      { ...posted(`${path},nothing?batch=1`, '{"1":1}') },
      { ...call(`${path},status?batch=1`), headers: { 'trpc-accept': 'application/jsonl' } },
    ]),
    ...[
      '//trpc/status',
      '/trpc//status',
      '/trpc',
      '/trpc?',
      '/TRPC/status',
      '/trpc%2Fstatus',
      '/./trpc/status',
    ].map((target) => ({ target })),
    ...[
      '*',
      'sample:80',
      'http://',
      'http://a',
      'https://a/trpc/status',
      'x:/trpc/status',
      'http:/trpc/status',
    ].map((target) => ({ target })),
    ...['/a/../trpc/status', '/livez/../trpc/status', 'http://u:p@a/trpc/status', 'HTTP://A/trpc/status'].map(
      (target) => ({ target }),
    ),
    call(`${Array.from({ length: 21 }, () => 'status').join(',')}?batch=1`),
    call(`${Array.from({ length: 20 }, () => 'status').join(',')}?batch=1`),
  ];
}

/** A seeded generator of integers below a bound (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Random combinations of parts. */
function randoms(seed: number, count: number): Draft[] {
  const below = randomOf(seed);
  const one = <Part>(parts: readonly Part[]): Part => parts[below(parts.length)] as Part;
  return Array.from({ length: count }, (): Draft => {
    const contentType = one([...odd.contentTypes, ...Array.from({ length: 60 }, () => 'application/json')]);
    const method = one(['GET', 'GET', 'POST', 'POST', ...odd.methods]);
    const path = below(3) > 0 ? one(odd.procedures) : one(odd.paths);
    const query = below(2) === 0 ? '' : below(2) === 0 ? one(odd.queries) : encode(one(odd.inputs));
    const headers = {
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(below(2) === 0 && one(odd.headers)),
      ...(below(4) === 0 && one(odd.headers)),
    };
    const body =
      method === 'GET' || below(5) === 0 ? undefined : below(5) === 0 ? one(odd.bodies) : one(odd.inputs);
    return {
      method,
      target: `/trpc/${path}${query}`,
      headers,
      body,
      version: below(20) === 0 ? '1.0' : '1.1',
    };
  });
}

/** The whole corpus, without duplicates. */
export function oddCorpus(seed: number, tokens: Readonly<Record<string, string>>): readonly RawRequest[] {
  const requests = [
    ...[...combinations(tokens), ...randoms(seed, 600)].map((draft) => single(draft)),
    ...framings(),
    ...sequences(),
  ];
  return [...new Map(requests.map((request) => [textOf(request), request])).values()];
}

/** The identity of a request. */
function textOf({ pieces, ...rest }: RawRequest): string {
  return JSON.stringify({ ...rest, pieces: pieces.map((piece) => piece.toString('latin1')) });
}
