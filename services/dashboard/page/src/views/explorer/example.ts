import type { Schema } from '@arcadium/mesh/reference';

/** Examples of text formats. */
const formats: Readonly<Record<string, string>> = {
  uuid: '019a0000-0000-7000-8000-000000000000',
  email: 'ann@example.com',
  'date-time': '2026-01-31T12:00:00.000Z',
  uri: 'https://example.com/',
};

/** An input to begin with: what the schema requires, with its defaults. */
export function exampleOf(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (choice) return exampleOf(choice);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name))
          .map(([name, property]) => [name, exampleOf(property)]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () =>
        exampleOf(typeof schema.items === 'object' ? schema.items : {}),
      );
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 0);
    case 'boolean':
      return false;
    case 'string':
      return formats[schema.format ?? ''] ?? 'x'.repeat(schema.minLength ?? 0);
    default:
      return null;
  }
}
