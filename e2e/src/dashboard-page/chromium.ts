import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Starts the Chromium of this machine. @throws Error if there is none. */
export async function startChromium(): Promise<Browser> {
  const executablePath = process.env['CHROME_PATH'] ?? usual.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error(
      'No Chromium found: install it (Debian: apt-get install chromium), or set CHROME_PATH to a Chromium or Chrome',
    );
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
}
