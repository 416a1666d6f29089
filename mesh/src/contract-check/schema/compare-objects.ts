import { readsObject, type ObjectReading } from './object-reading.ts';
import type { Comparison, Pair } from './comparison.ts';
import { isNode, nodeAt, without } from './node.ts';

/** Compares the properties of two objects or records. */
export function compareObjects(pair: Pair, comparison: Comparison): void {
  const { old: before, next: after, place } = pair;
  const { report, parts, direction } = comparison;
  const old = readsObject(before, direction);
  const next = readsObject(after, direction);
  if (old.isRecord !== next.isRecord) {
    report(next.isRecord ? 'object-became-record' : 'record-became-object', place);
    return;
  }
  for (const name of without(next.names, old.names)) added(name, { old, next, place }, comparison);
  for (const name of without(old.names, next.names)) removed(name, { old, next, place }, comparison);
  for (const name of old.names) {
    if (!next.names.has(name)) continue;
    const at = `${place}.${name}`;
    compareRequired(name, { old, next, place: at }, comparison);
    const [one, other] = [nodeAt(before, 'properties')[name], nodeAt(after, 'properties')[name]];
    if (isNode(one) && isNode(other)) parts({ old: one, next: other, place: at });
  }
  compareUnknown(pair, { old, next, place }, comparison);
}

type Readings = Readonly<{ old: ObjectReading; next: ObjectReading; place: string }>;

function added(name: string, { old, next, place }: Readings, { report }: Comparison): void {
  const at = `${place}.${name}`;
  report(next.needs.has(name) ? 'property-added-required' : 'property-added-optional', at);
  if (old.unknown === 'refused') report('property-added-to-strict-object', at);
  if (old.unknown === 'kept') report('property-declared', at);
}

function removed(name: string, { old, next, place }: Readings, { report }: Comparison): void {
  const at = `${place}.${name}`;
  report(old.needs.has(name) ? 'property-removed-required' : 'property-removed-optional', at);
  if (next.unknown === 'refused') report('property-removed-from-strict-object', at);
  if (next.unknown === 'kept') report('property-undeclared', at);
}

/** A reader of one version meets a writer of the other. */
function compareRequired(name: string, { old, next, place }: Readings, { report }: Comparison): void {
  if (next.needs.has(name) && !old.sends.has(name)) report('property-made-required', place);
  if (old.needs.has(name) && !next.sends.has(name)) report('property-made-optional', place);
}

const changes = {
  'refused ignored': 'unknown-properties-ignored',
  'refused kept': 'unknown-properties-allowed',
  'ignored refused': 'unknown-properties-refused',
  'ignored kept': 'unknown-properties-kept',
  'kept refused': 'unknown-properties-refused',
  'kept ignored': 'unknown-properties-dropped',
} as const;

function compareUnknown(pair: Pair, { old, next, place }: Readings, { report, parts }: Comparison): void {
  if (old.unknown !== next.unknown)
    report(changes[`${old.unknown} ${next.unknown}` as keyof typeof changes], place);
  else if (old.unknown === 'kept') {
    const at = `${place}.*`;
    parts({
      old: nodeAt(pair.old, 'additionalProperties'),
      next: nodeAt(pair.next, 'additionalProperties'),
      place: at,
    });
    if (!old.isRecord) return;
    const names = `${place} (names)`;
    parts({ old: nodeAt(pair.old, 'propertyNames'), next: nodeAt(pair.next, 'propertyNames'), place: names });
  }
}
