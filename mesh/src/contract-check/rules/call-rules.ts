import type { Rule } from './rule.ts';

const keepProcedure = 'Keep the old procedure beside the new one until no client calls it, then remove it.';
const secondStep = 'Deploy the server first; clients may rely on it once every replica has the new contract.';
const admitBoth = 'Admit the old callers as well until they have changed, then narrow the rule.';

/** Edits of procedures, beside their schemas. */
export const callRules = {
  'service-added': {
    effect: 'widened',
    what: 'a service was added',
    remedy: 'Deploy the service before its first client.',
  },
  'service-removed': {
    effect: 'narrowed',
    what: 'a service was removed',
    remedy: 'Keep the service until no client calls it.',
  },
  'snapshot-unmarked': {
    effect: 'either',
    what: 'the old snapshot does not say what JSON Schema cannot express, such as refinements',
    remedy: 'Compare refinements, transforms and strict objects by eye, or compare with a git ref.',
  },
  'procedure-added': { effect: 'widened', what: 'a procedure was added', remedy: secondStep },
  'procedure-removed': { effect: 'narrowed', what: 'a procedure was removed', remedy: keepProcedure },
  'procedure-renamed': { effect: 'narrowed', what: 'a procedure was renamed', remedy: keepProcedure },
  'kind-changed': {
    effect: 'replaced',
    what: 'the kind was changed',
    remedy: 'Add a procedure of the new kind under another name, and keep the old one for its clients.',
  },
  'summary-changed': { effect: 'none', what: 'the summary was changed', remedy: 'Nothing to do.' },
  'procedure-description-changed': {
    effect: 'either',
    what: 'the procedure has a setting that this check does not know, and it was changed',
    remedy: 'Compare the two versions by eye, and update the mesh that checks.',
  },

  'idempotence-lost': {
    effect: 'narrowed',
    what: 'repeating a call is no longer harmless, and deployed clients repeat it',
    remedy: 'Keep the handler idempotent, or add a procedure under another name.',
  },
  'idempotence-gained': {
    effect: 'widened',
    what: 'the procedure became idempotent; new clients repeat its calls, at old servers too',
    remedy: secondStep,
  },
  'idempotency-key-required': {
    effect: 'narrowed',
    what: 'repeating a call is harmless only with a key, which deployed clients do not send',
    remedy: 'Let the handler stay idempotent without a key until every client sends one.',
  },
  'idempotency-key-added': {
    effect: 'widened',
    what: 'calls can be repeated with a key; new clients repeat them, at old servers too',
    remedy: secondStep,
  },
  'idempotency-key-dropped': {
    effect: 'none',
    what: 'calls can be repeated without a key; keys that deployed clients send are ignored',
    remedy: 'Nothing to do.',
  },
  'timeout-cut': {
    effect: 'lowered',
    what: 'the time-out was cut',
    remedy: 'Check that the slowest calls, at the 99th percentile and above, fit into the new time.',
  },
  'timeout-raised': { effect: 'none', what: 'the time-out was raised', remedy: 'Nothing to do.' },
  'timeout-declared': {
    effect: 'none',
    what: 'the default time-out is now written down, or left out',
    remedy: 'Nothing to do, unless clients set REQUEST_TIMEOUT_MS.',
  },
  'priority-lowered': {
    effect: 'lowered',
    what: 'the priority was lowered: under overload, its calls are refused earlier',
    remedy: 'Check that its callers can do without an answer under overload.',
  },
  'priority-raised': { effect: 'none', what: 'the priority was raised', remedy: 'Nothing to do.' },
  'rate-limit-added': {
    effect: 'lowered',
    what: 'a rate limit was added',
    remedy: 'Compare the limit with the calls per address of today, in the metrics.',
  },
  'rate-limit-removed': { effect: 'none', what: 'the rate limit was removed', remedy: 'Nothing to do.' },
  'rate-limit-cut': {
    effect: 'lowered',
    what: 'the rate limit was cut',
    remedy: 'Compare the limit with the calls per address of today, in the metrics.',
  },
  'rate-limit-raised': { effect: 'none', what: 'the rate limit was raised', remedy: 'Nothing to do.' },
  'hedge-added': {
    effect: 'none',
    what: 'slow calls now get a second attempt',
    remedy: 'Nothing to do; the service gets up to 1 % more calls.',
  },
  'hedge-removed': { effect: 'none', what: 'slow calls get no second attempt', remedy: 'Nothing to do.' },

  'access-anonymous-removed': {
    effect: 'narrowed',
    what: 'callers without credentials are no longer admitted',
    remedy: admitBoth,
  },
  'access-users-removed': { effect: 'narrowed', what: 'users are no longer admitted', remedy: admitBoth },
  'access-role-raised': {
    effect: 'narrowed',
    what: 'only administrators are still admitted, not every user',
    remedy: admitBoth,
  },
  'access-service-removed': {
    effect: 'narrowed',
    what: 'a service is no longer admitted',
    remedy: admitBoth,
  },
  'access-acting-for-required': {
    effect: 'narrowed',
    what: 'a service is admitted only if it acts for a user',
    remedy: 'Let clients of this service send the user first: they do so once their contract asks for it.',
  },
  'access-scope-required': {
    effect: 'narrowed',
    what: 'the rule asks for a scope that it did not ask for',
    remedy: 'Issue tokens with the scope first, and ask for it when the last token without it has expired.',
  },
  'access-anonymous-added': {
    effect: 'widened',
    what: 'callers without credentials are admitted',
    remedy: secondStep,
  },
  'access-users-added': { effect: 'widened', what: 'users are admitted', remedy: secondStep },
  'access-role-lowered': {
    effect: 'widened',
    what: 'every user is admitted, not only administrators',
    remedy: secondStep,
  },
  'access-service-added': { effect: 'widened', what: 'a service is admitted', remedy: secondStep },
  'access-acting-for-dropped': {
    effect: 'widened',
    what: 'a service is admitted without a user; new clients no longer send one',
    remedy: secondStep,
  },
  'access-scope-dropped': {
    effect: 'widened',
    what: 'the rule no longer asks for a scope',
    remedy: secondStep,
  },
  'access-rewritten': {
    effect: 'none',
    what: 'the access rule is written in another way and admits the same callers',
    remedy: 'Nothing to do.',
  },

  'input-added-required': {
    effect: 'replaced',
    what: 'the procedure now needs an input',
    remedy: 'Make the input optional, or add a procedure under another name.',
  },
  'input-added-optional': {
    effect: 'widened',
    what: 'the procedure now takes an input',
    remedy: secondStep,
  },
  'input-removed': {
    effect: 'narrowed',
    what: 'the procedure no longer takes an input, and refuses the one of deployed clients',
    remedy: 'Keep the schema, and ignore the value, until no client sends it.',
  },
  'input-made-required': {
    effect: 'narrowed',
    what: 'the input can no longer be left out',
    remedy: 'Give the schema a default: .prefault({}).',
  },
  'input-made-optional': { effect: 'widened', what: 'the input can be left out', remedy: secondStep },
  'cursor-added': {
    effect: 'either',
    what: 'the list is now given in parts; deployed clients read only the first',
    remedy: 'Answer without parts where the input has neither limit nor cursor.',
  },
  'cursor-removed': {
    effect: 'narrowed',
    what: 'the list is no longer given in parts; deployed clients ask for the next one',
    remedy: 'Keep cursor and nextCursor, with nextCursor null, until every client is updated.',
  },
  'cursor-changed': {
    effect: 'either',
    what: 'the shape of cursors was changed; clients hold cursors of the old shape',
    remedy: 'Accept cursors of the old shape for as long as clients may hold them.',
  },
  'resumption-lost': {
    effect: 'narrowed',
    what: 'the subscription cannot be resumed: lastEventId was removed from its input',
    remedy: 'Keep lastEventId: without it, deployed clients miss events whenever they reconnect.',
  },
  'resumption-gained': {
    effect: 'widened',
    what: 'the subscription can be resumed by lastEventId',
    remedy: secondStep,
  },
} as const satisfies Record<string, Rule>;
