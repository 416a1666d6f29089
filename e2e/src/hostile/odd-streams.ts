import type { HostileRequest } from './exchange.ts';
import { httpCall, type Holdings, type HttpCall } from './http-call.ts';
import { words } from './wire.ts';

const places = [
  ...words('0 -1 null undefined [] __proto__ %00 00000000-0000-0000-0000-000000000000'),
  'x'.repeat(5000),
];
const params = ['', ...words('{} [] null "x" 0 { {"a":1} {"a":null} {"__proto__":"x"} {"token":"x"} %00')];

/** Subscriptions without permission, from odd positions, and over transports that cannot carry them. */
export function oddStreams(holdings: Holdings): HostileRequest[] {
  const authorization = `Bearer ${holdings.user}`;
  const watch = (what: string, target: string, more: Partial<HttpCall> = {}): HostileRequest =>
    httpCall({
      service: 'notification',
      what,
      target: `notifications.watch${target}`,
      ...more,
      headers: { authorization, ...more.headers },
    });
  return [
    watch('without a right', '', { headers: { authorization: '' } }),
    watch('with a bad token', '', { headers: { authorization: 'Bearer x' } }),
    ...places.flatMap((place) => [
      watch(`last-event-id: ${place.slice(0, 20)}`, '', { headers: { 'last-event-id': place } }),
      watch(`lastEventId=${place.slice(0, 20)}`, `?lastEventId=${place}`),
      watch(`Last-Event-Id=${place.slice(0, 20)}`, `?Last-Event-Id=${place}`),
      watch(
        `the place ${place.slice(0, 20)}`,
        `?input=${encodeURIComponent(JSON.stringify({ lastEventId: place }))}`,
      ),
    ]),
    watch('an input that is none', '?input=[]', { headers: { 'last-event-id': 'x' } }),
    ...params.map((text) =>
      watch(`connectionParams ${text}`, `?connectionParams=${encodeURIComponent(text)}`),
    ),
    watch('by POST', '', { method: 'POST', body: '{}' }),
    watch('by HEAD', '', { method: 'HEAD' }),
    watch('in a batch', '?batch=1'),
    watch('twice in a batch', ',notifications.watch?batch=1&input={}'),
    watch('with a query in a batch', ',notifications.list?batch=1&input={}', { expect: 'refusal' }),
    watch('in a stream', '?batch=1', { headers: { 'trpc-accept': 'application/jsonl' } }),
    ...['text/html', 'application/json', '*/*', ''].map((accept) =>
      watch(`accept: ${accept}`, '', { headers: { accept } }),
    ),
  ];
}
