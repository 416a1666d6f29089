import type { RawRequest } from './raw-exchange.ts';
import { bytesOf, chunked, posted, single, type Draft } from './raw-requests.ts';

const item = '{"id":1}';
const longest = 2 * 1024 * 1024;
const call = (path: string): Draft => ({ target: `/trpc/${path}` });

/** Bodies with unusual framing, or too long. */
export function framings(): RawRequest[] {
  const inChunks = { 'transfer-encoding': 'chunked' };
  const long = `"${'x'.repeat(longest)}"`;
  const fitting = `"${'x'.repeat(longest - 2)}"`;
  const fine = [
    ...[1, 3, 1000].map((size) => posted('store', chunked('{"text":"in many chunks"}', size), inChunks)),
    posted('store', chunked(fitting, 60_000), inChunks),
    posted('store', fitting),
    posted('store', chunked('', 1), inChunks),
    posted('store', `2;ext=1\r\n""\r\n0\r\nx-trailer: 1\r\n\r\n`, inChunks),
    posted('store', undefined),
    posted('store', undefined, { 'content-length': '0' }),
    posted('store', '', { 'content-length': '00' }),
    posted('nothing', fitting),
    posted('items.add', fitting, { authorization: 'Bearer x' }),
    { ...posted('store', item), method: 'GET' },
    { ...call('echo'), body: item },
    { ...call('echo'), body: chunked(item, 3), headers: inChunks },
  ].map((draft) => single(draft));
  const refused = [
    ...['-1', '1 2', 'x', '1e1', '9'.repeat(30), '+2', '0x2'].map((length) =>
      posted('store', '""', { 'content-length': length }),
    ),
    posted('store', '""', { 'transfer-encoding': 'chunked, gzip' }),
    posted('store', '""', { 'transfer-encoding': 'gzip' }),
    posted('store', '""', { 'transfer-encoding': 'chunked', 'content-length': '2' }),
    posted('store', 'x\r\n""\r\n', inChunks),
    posted('store', '2\r\n""""\r\n0\r\n\r\n', inChunks),
    posted('store', `${item}${item}`, { 'content-length': '8' }),
  ].map((draft) => single(draft, 'close'));
  const tooLong = [
    posted('store', long),
    posted('echo', long),
    posted('nothing', long),
    { ...call('echo'), body: long },
    posted('store', chunked(long, 60_000), inChunks),
    posted('items.add', chunked(long, 60_000), { ...inChunks, authorization: 'Bearer x' }),
    posted('nothing', chunked(long, 60_000), inChunks),
  ].map((draft) => single(draft));
  const body = chunked(long, 300_000);
  const slow: RawRequest = {
    what: 'too long a body that does not end',
    pieces: [bytesOf(posted('store', body.slice(0, -5), inChunks))],
    after: 'close',
  };
  const truncated = (['end', 'reset'] as const).flatMap((after) =>
    [posted('store', '{"id":', { 'content-length': '100' }), posted('store', '5\r\n"ab', inChunks)].flatMap(
      (draft): RawRequest[] => [
        single(draft, after),
        { what: 'nothing but a head', pieces: [bytesOf({ ...draft, body: undefined })], after },
      ],
    ),
  );
  return [...fine, ...refused, ...tooLong, slow, ...truncated];
}

/** Pipelined requests, and requests in pieces. */
export function sequences(): RawRequest[] {
  const drafts: Record<string, Draft> = {
    query: call(`echo?input=${encodeURIComponent(item)}`),
    slow: call('slow'),
    mutation: posted('store', item),
    void: posted('clear', undefined),
    refused: call('items.get'),
    bug: call('faults.bug'),
    unknown: call('nothing'),
    batch: call('status,slow?batch=1'),
    big: call('big'),
    route: { target: '/nowhere' },
  };
  const pairs = Object.entries(drafts).flatMap(([first, one]) =>
    Object.entries(drafts).map(([second, other]): RawRequest => ({
      what: `${first} and ${second} at once`,
      pieces: [Buffer.concat([bytesOf(one), bytesOf(other)])],
      answers: 2,
    })),
  );
  const all = Object.values(drafts).map(bytesOf);
  const request = bytesOf(posted('store', '{"text":"ä€😀"}'));
  return [
    ...pairs,
    { what: 'all at once', pieces: [Buffer.concat(all)], answers: all.length },
    { what: 'one by one', pieces: all, answers: all.length },
    ...[1, 20, 60, 100, request.length - 6, request.length - 1].map((at): RawRequest => ({
      what: `cut at ${at}`,
      pieces: [request.subarray(0, at), request.subarray(at)],
    })),
    ...Object.entries(drafts).flatMap(([name, draft]) =>
      (['end', 'reset'] as const).map((after): RawRequest => ({
        what: `${name}, then ${after}`,
        pieces: [bytesOf(draft)],
        after,
      })),
    ),
    { what: 'rubbish', pieces: ['nonsense\r\n\r\n'], after: 'close' },
    {
      what: 'a call and rubbish',
      pieces: [Buffer.concat([bytesOf(call('slow')), Buffer.from('nonsense\r\n\r\n')])],
      after: 'close',
    },
  ];
}
