import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The dashboard that `vite` passes calls on to; the simulated mesh of `npm run page` sets another. */
const target = 'http://localhost:8080';

export default defineConfig(({ command }) => {
  // What is built is for release, also where tests or `npm run dev` have set another environment.
  if (command === 'build') process.env['NODE_ENV'] = 'production';
  return {
    root: import.meta.dirname,
    plugins: [react()],
    server: { port: 8081, proxy: { '/trpc': { target, ws: true } } },
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      target: ['chrome123', 'firefox120', 'safari17.5'],
      // Data URLs of fonts and scripts would need more than 'self' in the Content-Security-Policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  };
});
