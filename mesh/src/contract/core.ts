// What other folders of the mesh need and the package does not export: that is index.ts.
export { annotations } from './schema/annotations.ts';
export { canonical } from './schema/canonical.ts';
export { schemaFrom } from './schema/from-json-schema.ts';
