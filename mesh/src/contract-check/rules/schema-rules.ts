import type { Rule } from './rule.ts';

const narrowing = {
  request: 'Keep accepting the old values until every client is updated.',
  answer: 'Deploy the server first: old servers still answer with the old values.',
};
const widening = {
  request: 'Deploy the server first: old servers refuse the new values.',
  answer: 'Let every client accept the new values first, or answer with them in a new procedure or property.',
};
const replacing = {
  request: 'Add a property or a procedure of the new form, and keep accepting the old one.',
  answer: 'Add a property or a procedure of the new form, and keep answering in the old one.',
};
const growing = {
  request: 'Deploy the server first: old servers refuse the new value.',
  answer: 'Check that clients have a default case, and answer with the new value when they are deployed.',
};
const byEye = 'Compare the two versions by eye: no check can tell which old values still match.';

/** Edits of values of any type. */
export const valueRules = {
  'type-changed': { effect: 'replaced', what: 'the type was changed', remedy: replacing },
  'type-added': { effect: 'widened', what: 'a further type is possible', remedy: widening },
  'type-removed': { effect: 'narrowed', what: 'a type is no longer possible', remedy: narrowing },
  'type-opened': { effect: 'widened', what: 'every value is possible', remedy: widening },
  'type-closed': { effect: 'narrowed', what: 'not every value is possible any more', remedy: narrowing },
  'nullable-added': { effect: 'widened', what: 'null is possible', remedy: widening },
  'nullable-removed': { effect: 'narrowed', what: 'null is no longer possible', remedy: narrowing },
  'enum-value-added': { effect: 'extended', what: 'a value was added to an enum', remedy: growing },
  'enum-value-removed': { effect: 'narrowed', what: 'a value was removed from an enum', remedy: narrowing },
  'enum-opened': { effect: 'widened', what: 'an enum became any value of its type', remedy: widening },
  'enum-closed': {
    effect: 'narrowed',
    what: 'only the values of an enum are still possible',
    remedy: narrowing,
  },
  'const-changed': { effect: 'replaced', what: 'the only possible value was changed', remedy: replacing },
  'integer-became-number': { effect: 'widened', what: 'fractions are possible', remedy: widening },
  'number-became-integer': {
    effect: 'narrowed',
    what: 'fractions are no longer possible',
    remedy: narrowing,
  },
  'multiple-of-added': { effect: 'narrowed', what: 'numbers must be multiples', remedy: narrowing },
  'multiple-of-removed': { effect: 'widened', what: 'numbers need not be multiples', remedy: widening },
  'multiple-of-coarser': { effect: 'narrowed', what: 'numbers must be larger multiples', remedy: narrowing },
  'multiple-of-finer': { effect: 'widened', what: 'numbers may be smaller multiples', remedy: widening },
  'multiple-of-changed': { effect: 'replaced', what: 'numbers must be other multiples', remedy: replacing },
  'pattern-added': { effect: 'narrowed', what: 'texts must match a further pattern', remedy: narrowing },
  'pattern-removed': { effect: 'widened', what: 'texts need not match a pattern', remedy: widening },
  'pattern-changed': {
    effect: 'either',
    what: 'the pattern of a text was changed: which texts match both cannot be decided',
    remedy: byEye,
  },
  'format-added': { effect: 'narrowed', what: 'texts must have a format', remedy: narrowing },
  'format-removed': { effect: 'widened', what: 'texts need not have a format', remedy: widening },
  'format-changed': { effect: 'replaced', what: 'the format of a text was changed', remedy: replacing },
  'encoding-changed': {
    effect: 'replaced',
    what: 'the encoding or media type of a text was changed',
    remedy: replacing,
  },
  'default-added': { effect: 'none', what: 'a default was added', remedy: 'Nothing to do.' },
  'default-removed': {
    effect: 'either',
    what: 'a default was removed: callers that relied on it get something else',
    remedy: 'Keep the default until no caller relies on it.',
  },
  'default-changed': {
    effect: 'either',
    what: 'a default was changed: callers that rely on it get something else',
    remedy: 'Keep the default, or tell its callers.',
  },
  'refinement-added': { effect: 'narrowed', what: 'a function must accept the value', remedy: narrowing },
  'refinement-removed': {
    effect: 'widened',
    what: 'a function that had to accept the value was removed',
    remedy: widening,
  },
  'refinement-changed': {
    effect: 'either',
    what: 'a function that must accept the value was changed',
    remedy: byEye,
  },
  'transform-added': { effect: 'either', what: 'a function now changes the value', remedy: byEye },
  'transform-removed': { effect: 'either', what: 'a function no longer changes the value', remedy: byEye },
  'transform-changed': {
    effect: 'either',
    what: 'a function that changes the value was changed',
    remedy: byEye,
  },
  'coercion-added': { effect: 'widened', what: 'values of other types are converted', remedy: widening },
  'coercion-removed': {
    effect: 'narrowed',
    what: 'values of other types are no longer converted',
    remedy: narrowing,
  },
  'catch-added': { effect: 'widened', what: 'values that do not match are replaced', remedy: widening },
  'catch-removed': { effect: 'narrowed', what: 'values that do not match are refused', remedy: narrowing },
  'opaque-changed': {
    effect: 'either',
    what: 'a schema that JSON Schema cannot express (Date, Map, Set, bigint, custom) was changed',
    remedy: 'Use types of JSON in contracts; otherwise compare the two versions by eye.',
  },
  'annotation-changed': {
    effect: 'none',
    what: 'a title, description, example or other annotation was changed',
    remedy: 'Nothing to do.',
  },
  'keyword-changed': {
    effect: 'either',
    what: 'a keyword that this check does not know was changed',
    remedy: byEye,
  },
  'schema-changed': {
    effect: 'either',
    what: 'the schema was changed in a way that no other rule explains',
    remedy: byEye,
  },
} as const satisfies Record<string, Rule>;

/** Edits of objects, arrays and unions. */
export const structureRules = {
  'property-added-optional': {
    effect: 'none',
    what: 'an optional property was added',
    remedy: 'Nothing to do.',
  },
  'property-added-required': {
    effect: 'narrowed',
    what: 'a required property was added',
    remedy: {
      request: 'Make the property optional, or give it a default.',
      answer: 'Deploy the server first: old servers do not send it. Or make it optional.',
    },
  },
  'property-added-to-strict-object': {
    effect: 'widened',
    what: 'a property was added to an object whose old schema refuses unknown ones',
    remedy: widening,
  },
  'property-removed-required': {
    effect: 'widened',
    what: 'a required property was removed',
    remedy: {
      request: 'Deploy the server first: old servers need it. New ones ignore what clients still send.',
      answer: 'Keep the property until no client reads it: make it optional first.',
    },
  },
  'property-removed-optional': {
    effect: 'either',
    what: 'an optional property was removed',
    remedy: {
      request: 'Check that no client relies on it: what it still sends is ignored.',
      answer: 'Check that no client relies on it: it no longer comes.',
    },
  },
  'property-removed-from-strict-object': {
    effect: 'narrowed',
    what: 'a property was removed from an object that refuses unknown ones',
    remedy: narrowing,
  },
  'property-made-required': {
    effect: 'narrowed',
    what: 'a property is now required',
    remedy: {
      request: 'Give the property a default.',
      answer: 'Deploy the server first: old servers may leave it out.',
    },
  },
  'property-made-optional': {
    effect: 'widened',
    what: 'a property may be missing',
    remedy: {
      request: 'Deploy the server first: old servers need it.',
      answer: 'Keep sending the property, and let clients do without it first.',
    },
  },
  'property-declared': {
    effect: 'either',
    what: 'a property is now declared that was one of the further properties',
    remedy: byEye,
  },
  'property-undeclared': {
    effect: 'either',
    what: 'a property is no longer declared and is now one of the further properties',
    remedy: byEye,
  },
  'unknown-properties-refused': {
    effect: 'narrowed',
    what: 'unknown properties are now refused (strictObject)',
    remedy: 'Leave unknown properties to be ignored (z.object), so that either side can add some.',
  },
  'unknown-properties-ignored': {
    effect: 'none',
    what: 'unknown properties are ignored, no longer refused',
    remedy: 'Nothing to do.',
  },
  'unknown-properties-kept': {
    effect: 'either',
    what: 'unknown properties are kept, no longer dropped (looseObject, catchall)',
    remedy: byEye,
  },
  'unknown-properties-dropped': {
    effect: 'either',
    what: 'unknown properties are dropped, no longer kept',
    remedy: byEye,
  },
  'unknown-properties-allowed': {
    effect: 'widened',
    what: 'unknown properties are kept, no longer refused',
    remedy: widening,
  },
  'object-became-record': {
    effect: 'replaced',
    what: 'an object with named properties became a record',
    remedy: replacing,
  },
  'record-became-object': {
    effect: 'replaced',
    what: 'a record became an object with named properties',
    remedy: replacing,
  },
  'unique-items-added': { effect: 'narrowed', what: 'items must differ', remedy: narrowing },
  'unique-items-removed': { effect: 'widened', what: 'items may be equal', remedy: widening },
  'array-became-tuple': { effect: 'replaced', what: 'an array became a tuple', remedy: replacing },
  'tuple-became-array': { effect: 'replaced', what: 'a tuple became an array', remedy: replacing },
  'tuple-item-added': { effect: 'replaced', what: 'an item was added to a tuple', remedy: replacing },
  'tuple-item-removed': { effect: 'replaced', what: 'an item was removed from a tuple', remedy: replacing },
  'tuple-rest-added': { effect: 'widened', what: 'a tuple may have further items', remedy: widening },
  'tuple-rest-removed': { effect: 'narrowed', what: 'a tuple may not have further items', remedy: narrowing },
  'union-member-added': { effect: 'extended', what: 'a member was added to a union', remedy: growing },
  'union-member-removed': {
    effect: 'narrowed',
    what: 'a member was removed from a union',
    remedy: narrowing,
  },
  'union-reordered': {
    effect: 'either',
    what: 'the members of a union are in another order, and the first that matches counts',
    remedy: 'Give the members a property that tells them apart (discriminatedUnion).',
  },
  'discriminator-changed': {
    effect: 'replaced',
    what: 'another property tells the members of a union apart',
    remedy: replacing,
  },
  'exclusive-union-changed': {
    effect: 'either',
    what: 'a member was changed of a union of which exactly one must match: a value may now match two, or none',
    remedy: byEye,
  },
  'intersection-changed': {
    effect: 'either',
    what: 'the parts of an intersection are others',
    remedy: byEye,
  },
} as const satisfies Record<string, Rule>;
