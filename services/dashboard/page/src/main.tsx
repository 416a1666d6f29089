import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queries } from './api/queries.ts';
import { App } from './app.tsx';
import { applyTheme, chosenTheme } from './layout/theme.ts';
import './style/tokens.css';
import './style/base.css';

applyTheme(chosenTheme());
const root = document.querySelector('#root');
if (!root) throw new Error('index.html has no element #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
