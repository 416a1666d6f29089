import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { recordingLogger, silentLogger } from '../../testing/index.ts';
import { systemLookup, type Lookup } from './host-name.ts';
import { Resolver, type Address, type ResolverOptions } from './resolve.ts';

const v4 = (...addresses: string[]) => addresses.map((address) => ({ address, family: 4 }));
const v6 = (...addresses: string[]) => addresses.map((address) => ({ address, family: 6 }));

let resolver: Resolver;
afterEach(() => resolver.close());

/** A resolver whose names are in a table that the test changes: addresses, an error, or no answer. */
function open(urls: readonly string[], names: Record<string, ReturnType<typeof v4> | Error | 'hangs'>) {
  const asked: string[] = [];
  const changes: (readonly Address[])[] = [];
  const log = recordingLogger();
  const lookup: Lookup = async (host) => {
    asked.push(host);
    const answer = names[host] ?? new Error(`no such name: ${host}`);
    if (answer instanceof Error) throw answer;
    if (answer === 'hangs') await new Promise(() => {});
    return answer as ReturnType<typeof v4>;
  };
  const options: ResolverOptions = { lookup, log, onChange: (addresses) => changes.push(addresses) };
  resolver = new Resolver(urls, options);
  return { asked, changes, log };
}

const shown = () => resolver.addresses.map(({ url, ip }) => `${url} ${ip}`);
const said = (log: ReturnType<typeof recordingLogger>) =>
  log.lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level}: ${message}`);

describe('with a name server of its own', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  /** Goes on for so long, with a call every 100 ms. */
  async function use(ms: number): Promise<void> {
    for (let past = 0; past < ms; past += 100) {
      void resolver.addresses;
      await vi.advanceTimersByTimeAsync(100);
    }
  }

  test('nothing is asked before the first use; then a name stands for itself until its addresses are known', async () => {
    const { asked, changes } = open(['http://wiki:5000'], { wiki: v4('10.0.0.2', '10.0.0.1') });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toEqual([]);
    expect(shown()).toEqual(['http://wiki:5000 undefined']);
    await resolver.fresh();
    expect(shown()).toEqual(['http://wiki:5000 10.0.0.1', 'http://wiki:5000 10.0.0.2']);
    expect(changes).toEqual([resolver.addresses]);
    expect(resolver.fresh()).toBeUndefined();
  });

  test('IP literals and localhost are not looked up', async () => {
    const urls = ['http://127.0.0.1:1', 'http://[::1]:2', 'http://localhost:3', 'http://a.localhost:4'];
    const { asked } = open(urls, {});
    expect(resolver.fresh()).toBeUndefined();
    resolver.refresh();
    await use(3000);
    expect([asked, vi.getTimerCount()]).toEqual([[], 0]);
    expect(resolver.addresses).toEqual(urls.map((url) => ({ url, ip: undefined })));
  });

  test('lists and names combine, and a name with two ports is looked up once', async () => {
    const { asked } = open(['http://10.0.0.9:1', 'http://wiki:1', 'http://wiki:2', 'http://other:1'], {
      wiki: v4('10.0.0.1', '10.0.0.2'),
      other: v4('10.0.0.3'),
    });
    await resolver.fresh();
    expect(asked).toEqual(['wiki', 'other']);
    expect(shown()).toEqual([
      'http://10.0.0.9:1 undefined',
      'http://wiki:1 10.0.0.1',
      'http://wiki:1 10.0.0.2',
      'http://wiki:2 10.0.0.1',
      'http://wiki:2 10.0.0.2',
      'http://other:1 10.0.0.3',
    ]);
  });

  test.each([
    [[...v4('10.0.0.1'), ...v6('fd00::1', 'fd00::2')], ['10.0.0.1']],
    [
      [...v6('fd00::1', 'fd00::2'), ...v4('10.0.0.1')],
      ['fd00::1', 'fd00::2'],
    ],
    [v4('10.0.0.1', '10.0.0.1'), ['10.0.0.1']],
  ])('a host with both families is one replica, not two (%j)', async (found, ips) => {
    open(['http://wiki:5000'], { wiki: found });
    await resolver.fresh();
    expect(resolver.addresses.map(({ ip }) => ip)).toEqual(ips);
  });

  test('an added and a removed replica show within the interval, those that stay are the same, another order is no change', async () => {
    const names = { wiki: v4('10.0.0.1', '10.0.0.2') };
    const { changes, log } = open(['http://wiki:5000'], names);
    await resolver.fresh();
    const before = resolver.addresses;
    names.wiki = v4('10.0.0.2', '10.0.0.1');
    await use(2100);
    expect(resolver.addresses).toBe(before);
    names.wiki = v4('10.0.0.3', '10.0.0.2');
    await use(2100);
    expect(resolver.addresses.map(({ ip }) => ip)).toEqual(['10.0.0.2', '10.0.0.3']);
    expect(resolver.addresses[0]).toBe(before[1]);
    expect(changes).toHaveLength(2);
    expect(said(log)).toEqual([]);
  });

  test('a client that rests asks nothing; the call that wakes it may wait for what has changed', async () => {
    const names = { wiki: v4('10.0.0.1') };
    const { asked } = open(['http://wiki:5000'], names);
    await use(10_000);
    expect(asked.length).toBe(6);
    await vi.advanceTimersByTimeAsync(4000);
    const before = asked.length;
    expect(vi.getTimerCount()).toBe(0);
    names.wiki = v4('10.0.0.7');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.length).toBe(before);
    await resolver.fresh();
    expect(shown()).toEqual(['http://wiki:5000 10.0.0.7']);
  });

  test('a failed address makes it ask again, at most once in 500 ms', async () => {
    const names = { wiki: v4('10.0.0.1', '10.0.0.2') };
    const { asked } = open(['http://wiki:5000'], names);
    await resolver.fresh();
    names.wiki = v4('10.0.0.1');
    for (let count = 0; count < 10; count += 1) resolver.refresh();
    await vi.advanceTimersByTimeAsync(499);
    expect(asked.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect([asked.length, shown()]).toEqual([2, ['http://wiki:5000 10.0.0.1']]);
    await vi.advanceTimersByTimeAsync(1000);
    resolver.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.length).toBe(3);
  });

  test('an outage of the name server changes nothing, and is logged once, as is its end', async () => {
    const names: Record<string, ReturnType<typeof v4> | Error> = { wiki: v4('10.0.0.1') };
    const { changes, log } = open(['http://wiki:5000'], names);
    await resolver.fresh();
    names['wiki'] = new Error('SERVFAIL');
    await use(5000);
    names['wiki'] = [];
    await use(5000);
    expect(shown()).toEqual(['http://wiki:5000 10.0.0.1']);
    names['wiki'] = v4('10.0.0.1');
    await use(5000);
    expect(changes).toHaveLength(1);
    expect(said(log)).toEqual([
      'warn: could not resolve wiki; the known addresses stay in use',
      'info: wiki can be resolved again',
    ]);
  });

  test('before the first success an outage leaves the name itself, and no call waits for it twice', async () => {
    const { log } = open(['http://wiki:5000'], {});
    await resolver.fresh();
    await use(10_000);
    expect(resolver.fresh()).toBeUndefined();
    expect(shown()).toEqual(['http://wiki:5000 undefined']);
    expect(said(log)).toHaveLength(1);
  });

  test('a lookup that hangs holds up nobody, and there is never a second one of the same name', async () => {
    const { asked, log } = open(['http://wiki:5000', 'http://other:1'], {
      wiki: 'hangs',
      other: v4('10.0.0.3'),
    });
    let waited = false;
    void resolver.fresh()?.then(() => (waited = true));
    await vi.advanceTimersByTimeAsync(199);
    expect(waited).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(waited).toBe(true);
    await use(4700);
    expect(shown()).toEqual(['http://wiki:5000 undefined', 'http://other:1 10.0.0.3']);
    expect(said(log)).toEqual([]);
    await use(5000);
    expect(said(log)).toEqual(['warn: could not resolve wiki; the known addresses stay in use']);
    expect(asked.filter((host) => host === 'wiki')).toHaveLength(1);
    expect(asked.filter((host) => host === 'other').length).toBeGreaterThan(3);
  });

  test('what comes too late counts, but not once it is closed', async () => {
    let answer = Promise.withResolvers<ReturnType<typeof v4>>();
    const changes: unknown[] = [];
    const onChange = (addresses: unknown) => changes.push(addresses);
    resolver = new Resolver(['http://wiki:5000'], {
      lookup: () => answer.promise,
      onChange,
      log: silentLogger,
    });
    await use(6000);
    answer.resolve(v4('10.0.0.1'));
    answer = Promise.withResolvers();
    await use(100);
    expect(shown()).toEqual(['http://wiki:5000 10.0.0.1']);
    await use(2000);
    resolver.close();
    answer.resolve(v4('10.0.0.2'));
    resolver.refresh();
    await use(2000);
    expect(changes).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('it works outside of the call that set it off', async () => {
  const scope = new AsyncLocalStorage<string>();
  const scopes: unknown[] = [];
  resolver = new Resolver(['http://wiki:5000'], {
    lookup: async () => {
      scopes.push(scope.getStore());
      return v4('10.0.0.1');
    },
    onChange: () => scopes.push(scope.getStore()),
    log: silentLogger,
  });
  await scope.run('a call', () => resolver.fresh());
  expect(scopes).toEqual([undefined, undefined]);
});

test('the system knows names without a network, IPv4 first', async () => {
  const changed = Promise.withResolvers<readonly Address[]>();
  resolver = new Resolver(['http://wiki:5000'], {
    // The only name that every machine knows is one that is not looked up.
    lookup: () => systemLookup('localhost'),
    onChange: changed.resolve,
    log: silentLogger,
  });
  void resolver.addresses;
  expect(await changed.promise).toEqual([{ url: 'http://wiki:5000', ip: '127.0.0.1' }]);
});
