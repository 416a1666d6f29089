import { expect, test } from 'vitest';
import { Interning } from './interning.ts';

test('counts a string once, while it is among the last 20,000; wide and long ones by their length', () => {
  const interning = new Interning();
  const cost = (text: string): number => {
    interning.string(text);
    return interning.takeBytes();
  };
  expect([cost('wiki'), cost('wiki')]).toEqual([28, 0]);
  expect(cost('größe')).toBe(29);
  expect(cost('索引')).toBe(28);
  expect([cost('x'.repeat(101)), cost('x'.repeat(101))]).toEqual([125, 125]);
  for (let n = 0; n < 20_000; n += 1) cost(`${n}`);
  expect(cost('wiki')).toBe(28);
});

test('keeps one list of names for all spans of a kind, and one object for a process', () => {
  const interning = new Interning();
  const attributes = () => interning.attributes({ names: ['a', 'b'], values: ['1', '2'] });
  expect(attributes().names).toBe(attributes().names);
  expect(interning.attributes({ names: ['a'], values: ['1'] }).names).toEqual(['a']);
  const process = (instance: string) => interning.resource({ service: 'wiki', version: null, instance });
  expect(process('1')).toBe(process('1'));
  expect(process('1')).not.toBe(process('2'));
});
