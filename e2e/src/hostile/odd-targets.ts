import { get, words, type WireCase } from './wire.ts';

const paths = words(String.raw`
  / // /// /trpc /trpc/ /trpc// //trpc/pages.list /trpc/./pages.list /trpc/../health /trpc/. /trpc/..
  /trpc/% /trpc/%0 /trpc/%00 /trpc/%2e%2e /trpc/%2e%2e%2fhealth /trpc/%zz /trpc/%ff /trpc/%C0%AF
  /trpc/../../etc/passwd /..%2f..%2fetc%2fpasswd /trpc/pages.list%00 /trpc/pages%2elist /trpc/pages/list
  /trpc/__proto__ /trpc/constructor /trpc/toString /trpc/hasOwnProperty /trpc/valueOf /trpc/then /trpc/pages
  /trpc/pages.__proto__ /trpc/pages.constructor /trpc/pages.then /trpc/pages.list.__proto__ /trpc/__proto__.pages
  /trpc/pages.list.call /trpc/.pages /trpc/pages. /trpc/, /trpc/pages.list, /trpc/* /trpc\pages.list
  /__proto__ /constructor /toString /health/ /health/../livez /HEALTH /health%00 /health;a=b /health? /.env
  /trpc/pages.list? /trpc/pages.list?&&& /trpc/pages.list?= /trpc/pages.list?% /trpc/pages.list?input
  /trpc/pages.list#x http://wiki/trpc/pages.list http://other.example/health https://wiki:1/trpc/pages.list
  http://[::1/trpc/pages.list http://user:pass@wiki/trpc/pages.list http:///trpc/pages.list http://
  ftp://wiki/trpc/pages.list javascript:alert(1) http://wiki:99999/trpc/pages.list wiki:80 * trpc/pages.list
  ?input={} # \trpc\pages.list
`);

const long = [
  `/trpc/${'a'.repeat(8000)}`,
  `/trpc/${'a.'.repeat(4000)}a`,
  `/trpc/${'%61'.repeat(4000)}`,
  `/trpc/${'a,'.repeat(4000)}?batch=1`,
  `/trpc/pages.list?input=${'%5B'.repeat(4000)}`,
  `/trpc/pages.list?${'a=b&'.repeat(3000)}`,
  `/${'../'.repeat(2000)}etc/passwd`,
  `/trpc/pages.list?${'x'.repeat(20_000)}`,
];

/** Paths and targets; each must get an answer, and none the contents of a file. */
export const oddTargets: readonly WireCase[] = [...paths, ...long].map((target) => [
  `the target ${target.slice(0, 40)}`,
  get(target),
]);
