import { run } from '@arcadium/mesh/server';
import { startApp } from './app.ts';
import { loadConfig } from './config.ts';

run((ending) => startApp(loadConfig(), ending));
