import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { keepListening, listen } from './gone.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('a signal has one listener however many listen, and none when the last has left', () => {
  const { signal } = new AbortController();
  const entries = Array.from({ length: 3 }, () => listen(signal, () => {}));
  expect(listeners(signal)).toBe(1);
  for (const entry of entries.slice(1)) entry.remove();
  expect(listeners(signal)).toBe(1);
  entries[0]?.remove();
  expect(listeners(signal)).toBe(0);
});

test('one that leaves twice takes nothing from who came after it', () => {
  const controller = new AbortController();
  const first = listen(controller.signal, () => {});
  first.remove();
  const told: unknown[] = [];
  listen(controller.signal, (reason) => told.push(reason));
  first.remove();
  controller.abort('over');
  expect(told).toEqual(['over']);
});

test('when it fires all are told once, in their order, those but who have left meanwhile', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  listen(signal, () => {
    told.push('first');
    second.remove();
  });
  const second = listen(signal, () => told.push('second'));
  listen(signal, () => told.push('third'));
  controller.abort();
  expect(told).toEqual(['first', 'third']);
  expect(listeners(signal)).toBe(0);
});

test('a signal that is kept keeps its one listener', () => {
  const controller = new AbortController();
  const { signal } = controller;
  keepListening(signal);
  listen(signal, () => {}).remove();
  const [before] = getEventListeners(signal, 'abort');
  const told: string[] = [];
  listen(signal, () => told.push('again'));
  expect(getEventListeners(signal, 'abort')).toEqual([before]);
  controller.abort();
  expect(told).toEqual(['again']);
});
