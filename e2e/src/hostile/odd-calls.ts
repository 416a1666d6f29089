import type { HostileRequest } from './exchange.ts';
import { httpCall, type Holdings, type HttpCall, type OddCall } from './http-call.ts';
import { oddBodies } from './odd-bodies.ts';
import { oddHeaders } from './odd-headers.ts';
import { words } from './wire.ts';

/** Valid HTTP that is not a tRPC call: URLs, batches, methods, bodies, headers. */
export function oddCalls({ user }: Holdings): HostileRequest[] {
  const authorization = `Bearer ${user}`;
  const asUser = (call: OddCall): OddCall => ({ ...call, headers: { authorization, ...call.headers } });
  return [...inputParameters, ...batches, ...methods, ...oddBodies.map(asUser), ...oddHeaders]
    .flatMap(toBoth)
    .map(httpCall);
}

/** The wiki's call, and the same to auth, which has other procedures. */
function toBoth(call: OddCall): HttpCall[] {
  const target = call.target
    .replaceAll('pages.list', 'users.list')
    .replaceAll('pages.get', 'users.get')
    .replaceAll('pages.create', 'users.register');
  return [
    { ...call, service: 'wiki' },
    { ...call, service: 'auth', target },
  ];
}

const inputParameters: readonly OddCall[] = [
  ...['', ...words('= =%20 =undefined =NaN =%00 =%ff%fe =%ED%A0%80 =% =+ =%7B =1%202 =%27%27 =%5B')].map(
    (text) => refused('an odd input', `pages.get?input${text}`),
  ),
  ...words(
    'input={"limit":1}&input={"limit":0} input={"limit":0}&input={"limit":1} input[]=1 INPUT={} input[limit]=1',
  ).map((text): OddCall => ({ what: 'an input twice, or under another name', target: `pages.list?${text}` })),
  refused('NaN', `pages.list?input=${encodeURIComponent('{"limit":NaN}')}`),
  refused('3000 brackets', `pages.list?input=${'['.repeat(3000)}`),
];

function refused(what: string, target: string): OddCall {
  return { what, target, expect: 'refusal' };
}

const batch = (paths: string, input = '{}', more = ''): OddCall => ({
  what: `a batch of ${input.slice(0, 40)}`,
  target: `${paths}?batch=1&input=${encodeURIComponent(input)}${more}`,
});
const twenty = Array.from({ length: 20 }, () => 'pages.list').join();

const batches: readonly OddCall[] = [
  ...['', ...words('[] [{}] [null,null] "x" "01" null 0 true 1e999 {')].map((input) =>
    batch('pages.list,pages.list', input),
  ),
  ...words(
    '{"0":null,"1":null} {"5":{}} {"1":{"limit":0}} {"-1":{}} {"00":{}} {"__proto__":{"0":{}}} {"length":3}',
  ).map((input) => batch('pages.list,pages.list,pages.get', input)),
  refused('a batch of 21', batch(`${twenty},pages.list`).target),
  refused('a batch of 21, one of them empty', batch(`${twenty},`).target),
  refused('a batch of 2000 without a name', batch(','.repeat(2000)).target),
  batch(twenty),
  ...words(', ,,, pages.list, ,pages.list pages.list%2Cpages.list __proto__,constructor,toString').map(
    (paths) => batch(paths),
  ),
  ...words('pages.list,pages.create pages.create,pages.list pages.create,pages.create').map((paths) =>
    batch(paths),
  ),
  batch('pages.list,nothing,pages.get', '{"0":{"limit":0}}'),
  batch('pages.list', '{"0":{}}', '&batch=0'),
  ...['', ...words('0 2 true 01 1,1 %00 1&batch=1')].map((value): OddCall => {
    return { what: `batch=${value}`, target: `pages.list,pages.list?batch=${value}` };
  }),
  ...[
    'application/jsonl',
    'application/jsonl, text/html',
    'APPLICATION/JSONL',
    'text/event-stream',
    '\xff',
  ].flatMap((accept) =>
    words('pages.list? pages.list,pages.get,nothing?batch=1& pages.get?batch=1&').flatMap(
      (target): OddCall[] =>
        words('accept trpc-accept').map((name) => ({
          what: `${name}: ${accept}`,
          target,
          headers: { [name]: accept },
        })),
    ),
  ),
];

const methods: readonly OddCall[] = [
  refused('a change by GET', 'pages.create?input={}'),
  refused('a change by GET in a batch', 'pages.create?batch=1&input={}'),
  { what: 'a change by HEAD', method: 'HEAD', target: 'pages.create?input={}' },
  ...words('PUT PATCH DELETE OPTIONS TRACE').map((method): OddCall => {
    return { what: 'another method', method, target: 'pages.create', body: '{}', expect: [405] };
  }),
  ...words('x-http-method-override x-http-method x-method-override').map((name): OddCall => {
    return {
      what: `${name}: POST`,
      target: 'pages.create?input={}',
      headers: { [name]: 'POST' },
      expect: [405],
    };
  }),
];
