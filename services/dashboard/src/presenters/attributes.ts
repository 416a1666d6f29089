import type { Attributes, Resource } from '../domain/telemetry.ts';

interface Attribute {
  name: string;
  value: string;
}

export function presentAttributes({ names, values }: Attributes): Attribute[] {
  return names.map((name, index) => ({ name, value: values[index] ?? '' }));
}

/** What tells the process from others of its service, by the names of OpenTelemetry. */
export function presentResource({ version, instance }: Resource): Attribute[] {
  const attributes: Attribute[] = [];
  if (version !== null) attributes.push({ name: 'service.version', value: version });
  if (instance !== null) attributes.push({ name: 'service.instance.id', value: instance });
  return attributes;
}
