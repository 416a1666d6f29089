import { describe, expect, test } from 'vitest';
import { TurnQueue, type Waiting } from './turn-queue.ts';

/** A queue on an event loop of which nothing is real: a turn is what `turn` runs. */
function setUp() {
  let now = 1000;
  let next: (() => void)[] = [];
  const begun: string[] = [];
  const queue = new TurnQueue({ nextTurn: (run) => next.push(run), now: () => now });
  return {
    queue,
    begun,
    pass: (ms: number) => (now += ms),
    now: () => now,
    /** How many callbacks the next turn brings. */
    callbacks: () => next.length,
    /** Calls back what is left for this turn; @returns how long that took, in milliseconds. */
    turn(): number {
      const since = now;
      const callbacks = next;
      next = [];
      for (const callback of callbacks) callback();
      return now - since;
    },
    /** Asks for something that takes so long once it is begun. */
    ask(name: string, { ms = 1, source = 'one', urgent = false, worth = true } = {}): boolean {
      const begin = (): void => {
        begun.push(name);
        now += ms;
      };
      const waiting: Waiting = {
        source,
        urgent,
        onTurn: () => {
          if (worth) begin();
          return worth;
        },
      };
      if (queue.mayBegin(now)) begin();
      else queue.push(waiting);
      return begun.at(-1) === name;
    },
  };
}

type Loop = ReturnType<typeof setUp>;

/** Asks for what takes 4 ms each, as much as one turn begins and then so much more. */
function fill(loop: Loop, more = 0): void {
  for (let count = 0; loop.ask(`first ${count}`, { ms: 4 }); count++) expect(count).toBeLessThan(10);
  for (let count = 1; count < more; count++) loop.ask(`more ${count}`, { ms: 4 });
  loop.begun.length = 0;
}

describe('what is begun at once', () => {
  test('is all that one turn brings in 10 ms', () => {
    const loop = setUp();
    const begun = Array.from({ length: 30 }, (_, index) => loop.ask(`${index}`));
    expect(begun.filter(Boolean).length).toBeLessThanOrEqual(11);
    expect(loop.queue.length).toBe(30 - begun.filter(Boolean).length);
  });

  test('is everything where turns are short, and hardly a callback is asked for', () => {
    const loop = setUp();
    let callbacks = 0;
    for (let count = 0; count < 10_000; count++) {
      loop.ask(`${count}`, { ms: 0.1 });
      callbacks += loop.callbacks();
      loop.turn();
    }
    expect(loop.begun).toHaveLength(10_000);
    expect(callbacks).toBeLessThan(250);
  });

  test('is the first after a long time of nothing', () => {
    const loop = setUp();
    fill(loop);
    for (let count = 0; count < 20; count++) loop.turn();
    loop.pass(60_000);
    expect(loop.ask('late')).toBe(true);
  });
});

describe('what waits', () => {
  test('is begun in turns of 10 ms each, all of it, in its order', () => {
    const loop = setUp();
    fill(loop);
    for (let count = 0; count < 500; count++) loop.ask(`${count}`);
    const turns: number[] = [];
    while (loop.queue.length > 0) turns.push(loop.turn());
    expect(Math.max(...turns)).toBeLessThan(15);
    expect(turns.length).toBeLessThan(60);
    expect(loop.begun.slice(1)).toEqual(Array.from({ length: 500 }, (_, index) => `${index}`));
  });

  test('goes before what comes later, however quick the turn was', () => {
    const loop = setUp();
    fill(loop, 100);
    loop.pass(100);
    expect(loop.ask('later')).toBe(false);
    while (loop.queue.length > 0) loop.turn();
    expect(loop.begun.at(-1)).toBe('later');
  });

  test('waits for its own source only: others come in between', () => {
    const loop = setUp();
    fill(loop, 100);
    loop.ask('another', { source: 'two' });
    loop.ask('a third', { source: 'three' });
    loop.turn();
    loop.turn();
    expect(loop.begun.slice(0, 5)).toContain('another');
    expect(loop.begun.slice(0, 5)).toContain('a third');
  });

  test('lets the urgent go first', () => {
    const loop = setUp();
    fill(loop, 100);
    loop.ask('urgent', { urgent: true });
    loop.turn();
    expect(loop.begun[0]).toBe('urgent');
  });

  test('is given up without taking the place of others', () => {
    const loop = setUp();
    fill(loop);
    for (let count = 0; count < 1000; count++) loop.ask('stale', { worth: false });
    for (let count = 0; count < 20; count++) loop.ask('good');
    loop.turn();
    loop.turn();
    expect(loop.begun).toContain('good');
  });
});
