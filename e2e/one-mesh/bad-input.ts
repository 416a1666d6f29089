import { randomUUID } from 'node:crypto';
import { needsUser } from '@arcadium/mesh/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callAll, callBySocket, type BareCall, type BareCaller, type Outcome } from '../src/bare-calls.ts';
import { databaseState } from '../src/database-state.ts';
import { everyProcedure, type ServiceProcedure } from '../src/every-procedure.ts';
import type { Holdings } from '../src/hostile/http-call.ts';
import { oddCursors } from '../src/hostile/odd-values.ts';
import { rightInput, shapeOf } from '../src/hostile/right-input.ts';
import { pathsOf, wrongInputs } from '../src/hostile/wrong-inputs.ts';
import { serviceNames, type ServiceName } from '../src/mesh.ts';
import { newAdministrator, newPerson } from '../src/people.ts';
import { mesh } from './mesh.ts';

let holdings: Holdings;
const callers = new Map<string, BareCaller>();

beforeAll(async () => {
  // A user with data that could be changed or lost.
  const ann = await newPerson(mesh, 'ann');
  const page = await ann.wiki.pages.create.mutate({ slug: 'hostile/first', title: 'A page', body: 'Text' });
  const comment = await ann.wiki.comments.create.mutate({ pageId: page.id, body: 'A comment' });
  await ann.notification.preferences.set.mutate({ muted: ['page'] });
  // Auth checks the administrator's account before a change.
  const admin = await newAdministrator(mesh);
  const service = await mesh.identity.serviceToken('wiki');
  holdings = { user: ann.token, admin, service, pageId: page.id, commentId: comment.id, userId: ann.id };
  for (const name of serviceNames) {
    callers.set(
      `${name} service`,
      await callBySocket(mesh.url(name), { authorization: `Service-Token ${service}` }),
    );
    callers.set(
      `${name} service for a person`,
      await callBySocket(mesh.url(name), {
        authorization: `Service-Token ${service}`,
        'x-user-token': ann.token,
      }),
    );
    callers.set(`${name} person`, await callBySocket(mesh.url(name), { authorization: `Bearer ${admin}` }));
  }
  // Services record a caller when they first see it; that must be done before the tables are compared.
  const byCaller = Map.groupBy(everyProcedure, callerOf);
  for (const [caller, [first]] of byCaller)
    if (first) await callAll(caller, [{ procedure: first, input: '0' }]);
});
afterAll(async () => {
  await Promise.all([...callers.values()].map((caller) => caller[Symbol.asyncDispose]()));
});

function callerNamed(name: string): BareCaller {
  const found = callers.get(name);
  if (!found) throw new Error(`Nobody is ${name}`);
  return found;
}

/**
 * A caller that the procedure admits: an administrator if possible, otherwise the wiki, for a user if
 * required.
 */
function callerOf({ service, procedure }: ServiceProcedure): BareCaller {
  const forPeople = procedure.access.alternatives.some(({ services }) => services === undefined);
  const alone = needsUser(procedure.access, 'wiki') ? 'service for a person' : 'service';
  return callerNamed(`${service} ${forPeople ? 'person' : alone}`);
}

type Problem = (call: BareCall, outcome: Outcome) => boolean;

/** Makes calls. @returns Wrong outcomes, and changed tables. */
async function problemsOf(calls: readonly BareCall[], isWrong: Problem): Promise<string[]> {
  const before = await databaseState(mesh.database.adminUrl);
  const problems: string[] = [];
  const byCaller = Map.groupBy(calls, ({ procedure }) => callerOf(procedure));
  for (const [caller, own] of byCaller) {
    const outcomes = await callAll(caller, own);
    for (const [index, call] of own.entries()) {
      const outcome = outcomes[index];
      if (!outcome || !isWrong(call, outcome)) continue;
      const { service, path } = call.procedure;
      problems.push(`${service}.${path} with ${call.input.slice(0, 200)}: ${JSON.stringify(outcome)}`);
    }
  }
  const after = await databaseState(mesh.database.adminUrl);
  for (const [table, rows] of Object.entries(after))
    if (before[table] !== rows) problems.push(`${table} has changed: ${before[table]}, now ${rows}`);
  return problems;
}

describe.each(serviceNames)('%s', (name: ServiceName) => {
  const own = everyProcedure.filter(({ service }) => service === name);

  test('an input that its schema refuses is refused with the reasons, and nothing is written', async () => {
    const calls = own.flatMap((procedure) =>
      wrongInputs(procedure, holdings).map(({ text }): BareCall => ({ procedure, input: text })),
    );
    expect(calls.length).toBeGreaterThan(own.length * 50);
    const problems = await problemsOf(
      calls,
      (_call, { code, issues = [] }) => code !== 'BAD_REQUEST' || issues.length === 0 || issues.length > 10,
    );
    expect(problems.slice(0, 20)).toEqual([]);
  });

  test('each field is refused much: a schema that takes anything is none', () => {
    const lax = own.flatMap((procedure) => {
      const wrong = wrongInputs(procedure, holdings);
      return pathsOf(shapeOf(procedure))
        .map((path) => path.join('.'))
        .filter((field) => wrong.filter(({ what }) => what.startsWith(`${field}: `)).length < 25)
        .map((field) => `${procedure.path}: ${field}`);
    });
    expect(lax).toEqual([]);
  });

  test('what nobody has is answered with an error that the contract names, and nothing is written', async () => {
    const nowhere: Holdings = {
      ...holdings,
      pageId: randomUUID(),
      commentId: randomUUID(),
      userId: randomUUID(),
    };
    const calls = own
      .filter(({ procedure }) => Object.values(procedure.errors).some(({ code }) => code === 'NOT_FOUND'))
      // Administrators may revoke tokens that auth does not know, such as those from set-up.
      .filter(({ path }) => path !== 'serviceTokens.revoke')
      .map((procedure): BareCall => ({ procedure, input: JSON.stringify(rightInput(procedure, nowhere)) }));
    expect(calls.length).toBeGreaterThan(0);
    const problems = await problemsOf(
      calls,
      ({ procedure: { procedure } }, { code, named = '' }) =>
        code !== 'NOT_FOUND' || procedure.errors[named]?.code !== 'NOT_FOUND',
    );
    expect(problems).toEqual([]);
  });

  test('a cursor that no list handed out is refused, or is a place as any other, and nothing is written', async () => {
    const calls = own
      .filter((procedure) => pathsOf(shapeOf(procedure)).some((path) => path.join('.') === 'cursor'))
      .flatMap((procedure) =>
        oddCursors.map((cursor): BareCall => {
          const right = rightInput(procedure, holdings) as object;
          return { procedure, input: JSON.stringify({ ...right, cursor: JSON.parse(cursor) as unknown }) };
        }),
      );
    expect(calls.length).toBeGreaterThan(oddCursors.length - 1);
    const problems = await problemsOf(calls, (_call, { code }) => code !== 'BAD_REQUEST' && code !== 'OK');
    expect(problems.slice(0, 20)).toEqual([]);
  });
});
