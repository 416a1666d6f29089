/** Keywords of JSON Schema for people; they change nothing about which values match. */
export const annotations = [
  'title',
  'description',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$comment',
  'id',
  '$id',
  // Of `openEnum`.
  'x-open',
] as const;
