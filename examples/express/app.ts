import express from 'express';

/** The application's own part. */
export function createApp(): express.Express {
  const app = express();
  app.use(express.json());
  app.get('/hello', (_request, response) => void response.send('Hello from Express'));
  return app;
}
