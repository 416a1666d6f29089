export { appTemplate } from './create-app.ts';
export { CreateError, type CreateErrorCode } from './create-error.ts';
export { checkServiceName } from './name.ts';
export { readTemplate, writeFiles, type Rendering } from './template.ts';
