import { makeSettings } from './make-settings.ts';

// npm run setup: writes the missing settings. npm run dev does this as well.

await makeSettings();
