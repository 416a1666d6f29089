export { exampleCommand } from './example-command.ts';
export { referencePage } from './reference-page.ts';
export { fieldsOf, typeOf, type Schema, type SchemaField } from './schema-fields.ts';
