import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { connect } from '../../client/index.ts';
import {
  actingFor,
  admin,
  anyone,
  anyService,
  contract,
  either,
  query,
  services,
  subscription,
  user,
} from '../../contract/index.ts';
import { exposition } from '../../telemetry/index.ts';
import { createTestIdentity, recordingLogger, silentLogger, type TestIdentity } from '../../testing/index.ts';
import { serve, type RunningService } from '../serve.ts';
import type { AccessMode, Denial } from './denial.ts';

const who = z.object({ service: z.string().nullable(), user: z.string().nullable() });
const asked = (access: typeof anyone | ReturnType<typeof either>) =>
  query({ summary: 'Who asks', output: who, access });

const vault = contract('vault', {
  hall: asked(anyone),
  room: asked(user),
  office: asked(admin),
  shaft: asked(services('miner')),
  gate: asked(anyService),
  counter: asked(either(admin, services('miner'))),
  cellar: asked(actingFor(services('miner'), user)),
  drawer: asked(user({ scopes: ['drawer:open'] })),
  wall: asked({ alternatives: [] }),
  bell: subscription({ summary: 'Never rings', output: z.object({}), access: admin }),
});

const answer = async ({
  caller,
}: {
  caller: { service?: { name: string } | undefined; user?: { id: string } | undefined };
}) => ({ service: caller.service?.name ?? null, user: caller.user?.id ?? null });

const annId = '0190a5d0-ac96-774b-bcce-b302099a8057';
const lines = recordingLogger();
const denials: Denial[] = [];
const running = new Map<AccessMode, RunningService>();
let identity: TestIdentity;

beforeAll(async () => {
  identity = await createTestIdentity();
  for (const accessMode of ['enforce', 'audit'] as const) {
    const service = await serve(
      vault,
      {
        hall: answer,
        room: answer,
        office: answer,
        shaft: answer,
        gate: answer,
        counter: answer,
        cellar: answer,
        drawer: answer,
        wall: answer,
        async *bell() {},
      },
      {
        version: '1',
        port: 0,
        log: lines,
        authenticate: identity.authenticate,
        pingDatabase: async () => {},
        accessMode,
        onDenied: (denial) => denials.push(denial),
      },
    );
    service.ready();
    running.set(accessMode, service);
  }
});
afterAll(() => Promise.all([...running.values()].map((service) => service.stop())));
beforeEach(() => void denials.splice(0));

const url = (mode: AccessMode): string => running.get(mode)?.url ?? '';

type Headers = Record<string, string>;

/** Asks until there is an answer: where the event loop is held up, subscriptions are refused before anything else. */
async function ask(mode: AccessMode, path: string, headers: Headers = {}): Promise<number> {
  const to = `${url(mode)}/${path.startsWith('api/') ? path : `trpc/${path}`}`;
  for (;;) {
    const answered = await fetch(to, { headers });
    await answered.text();
    if (answered.status !== 503) return answered.status;
  }
}

const callers: Record<string, () => Promise<Headers>> = {
  nobody: async () => ({}),
  user: async () => ({ authorization: `Bearer ${await identity.userToken({ id: annId })}` }),
  admin: async () => ({ authorization: `Bearer ${await identity.userToken({ id: annId, role: 'admin' })}` }),
  'user with the scope': async () => ({
    authorization: `Bearer ${await identity.userToken({ id: annId, scopes: ['drawer:open'] })}`,
  }),
  miner: async () => ({ authorization: `Service-Token ${await identity.serviceToken('miner')}` }),
  baker: async () => ({ authorization: `Service-Token ${await identity.serviceToken('baker')}` }),
  'baker for user': async () => ({
    authorization: `Service-Token ${await identity.serviceToken('baker')}`,
    'x-user-token': await identity.userToken({ id: annId }),
  }),
  'miner with a bad user token': async () => ({
    authorization: `Service-Token ${await identity.serviceToken('miner')}`,
    'x-user-token': 'nonsense',
  }),
};

/** What each caller gets at each door: enforced, and in audit mode where that is something else. */
const verdicts: Record<string, Record<string, string>> = {
  nobody: {
    hall: '200',
    room: '401',
    office: '401',
    shaft: '401',
    counter: '401',
    cellar: '401',
    wall: '401',
  },
  user: {
    hall: '200',
    room: '200',
    office: '403 → 200',
    shaft: '403',
    counter: '403 → 200',
    cellar: '403',
    drawer: '403 → 200',
    wall: '403',
  },
  'user with the scope': { room: '200', office: '403 → 200', drawer: '200', wall: '403' },
  admin: {
    hall: '200',
    room: '200',
    office: '200',
    shaft: '403',
    counter: '200',
    cellar: '403',
    wall: '403',
  },
  miner: {
    hall: '200',
    room: '403',
    office: '403',
    shaft: '200',
    counter: '200',
    cellar: '403',
    drawer: '403',
    wall: '403',
  },
  baker: {
    hall: '200',
    room: '403',
    office: '403',
    shaft: '403 → 200',
    counter: '403 → 200',
    cellar: '403',
    wall: '403',
  },
  'baker for user': {
    hall: '200',
    room: '403 → 200',
    office: '403 → 200',
    shaft: '403 → 200',
    counter: '403 → 200',
    cellar: '403 → 200',
    wall: '403',
  },
  'miner with a bad user token': { hall: '401', room: '401', shaft: '401', cellar: '401', wall: '401' },
};

describe.each(Object.entries(verdicts))('%s', (name, doors) => {
  test.each(Object.entries(doors))('at %s: %s', async (door, verdict) => {
    const headers = (await callers[name]?.()) ?? {};
    const [enforced, audited = enforced] = verdict.split(' → ').map(Number);
    expect(await ask('enforce', door, headers)).toBe(enforced);
    const heard = denials.splice(0);
    expect(heard).toHaveLength(enforced === 200 ? 0 : 1);
    expect(await ask('audit', door, headers)).toBe(audited);
    // It is told in either mode, and which it was.
    expect(denials.map(({ mode, reason }) => ({ mode, reason }))).toEqual(
      heard.map(({ reason }) => ({ mode: audited === 200 ? 'audit' : 'enforce', reason })),
    );
  });
});

test('a denial says who, what, from where, why, and by which request', async () => {
  const headers = { ...(await callers['baker for user']?.()), 'x-request-id': 'request-1' };
  await ask('enforce', 'cellar', headers);
  await ask('enforce', 'cellar', { authorization: 'Bearer nonsense', 'x-request-id': 'request-2' });
  const from = { procedure: 'cellar', mode: 'enforce', peer: { address: '127.0.0.1' } };
  expect(denials).toMatchObject([
    {
      ...from,
      caller: { service: { name: 'baker' }, user: { id: annId } },
      reason: 'not-admitted',
      requestId: 'request-1',
    },
    {
      ...from,
      caller: { service: undefined, user: undefined },
      reason: 'bad-credentials',
      message: 'The user token is refused: it is malformed',
      requestId: 'request-2',
    },
  ]);
});

test('bad credentials are told of whichever way they come in', async () => {
  const bad = { authorization: 'Bearer nonsense' };
  await ask('enforce', 'hall', bad);
  await ask('enforce', 'nothing,hall,office?batch=1', bad);
  await ask('enforce', 'bell', bad);
  await ask('enforce', 'api/mesh', bad);
  await new Promise((resolve) => {
    new WebSocket(`${url('enforce').replace('http', 'ws')}/trpc`, { headers: bad }).on('error', resolve);
  });
  const socket = new WebSocket(`${url('enforce').replace('http', 'ws')}/trpc?connectionParams=1`);
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ method: 'connectionParams', data: bad }));
  for (const [id, method, path] of [
    [1, 'query', 'hall'],
    [2, 'subscription', 'bell'],
  ]) {
    socket.send(JSON.stringify({ id, method, params: { path } }));
    await new Promise((resolve) => socket.once('message', resolve));
  }
  socket.terminate();
  expect(denials.map(({ reason, procedure }) => `${reason} ${procedure}`)).toEqual([
    'bad-credentials hall',
    'bad-credentials hall',
    'bad-credentials bell',
    'bad-credentials /api/mesh',
    'bad-credentials /trpc',
    'bad-credentials hall',
    'bad-credentials bell',
  ]);
});

test('callers that are not admitted are told of whichever way they come in', async () => {
  const headers = (await callers['user']?.()) ?? {};
  await ask('enforce', 'office,hall?batch=1', headers);
  await ask('enforce', 'bell', headers);
  await ask('enforce', 'api/mesh', headers);
  const client = connect(vault, {
    as: 'admin',
    url: url('enforce'),
    token: await identity.userToken(),
    log: silentLogger,
  });
  await expect(client.office.query()).rejects.toMatchObject({ data: { code: 'FORBIDDEN' } });
  await client[Symbol.asyncDispose]();
  expect(denials.map(({ reason, procedure }) => `${reason} ${procedure}`)).toEqual([
    'not-admitted office',
    'not-admitted bell',
    'not-admitted /api/mesh',
    'not-admitted office',
  ]);
});

test('in audit mode the start is warned of, and each caller at each door once', async () => {
  const headers = (await callers['user']?.()) ?? {};
  for (let n = 0; n < 3; n += 1) await ask('audit', 'office', headers);
  const warnings = lines.lines.filter(({ level }) => level === 'warn');
  expect(warnings.filter(({ message }) => message.startsWith('ACCESS_MODE is audit'))).toHaveLength(1);
  expect(
    warnings.filter(({ fields }) => fields['procedure'] === 'office' && fields['caller'] === 'user'),
  ).toMatchObject([{ fields: { user_id: annId }, message: expect.stringContaining('let through') }]);
  expect(denials.map(({ mode }) => mode)).toEqual(['audit', 'audit', 'audit']);
});

test('denials are counted without the names of people', async () => {
  await ask('enforce', 'office', await callers['user']?.());
  await ask('enforce', 'shaft', await callers['baker']?.());
  const { text } = await exposition();
  const counted = text.split('\n').filter((line) => line.startsWith('mesh_server_access_denied_total'));
  expect(counted).toContainEqual(
    expect.stringMatching(/procedure="office",caller="user",reason="not-admitted",mode="enforce"} [1-9]/),
  );
  expect(counted).toContainEqual(expect.stringMatching(/procedure="shaft",caller="baker"/));
  expect(counted.join()).not.toContain(annId);
});
