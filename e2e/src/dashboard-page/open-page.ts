import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';

/** A tab on the dashboard's page. */
export interface Tab {
  readonly page: Page;
  /** What the browser reported: errors of scripts, failed loads, violations of the Content-Security-Policy. */
  readonly problems: readonly string[];
  /** Opens a view, such as `/map`. */
  open(path: string): Promise<void>;
  /** What axe finds, one line a rule. @param rule Checks this one only. @default all */
  audit(rule?: string): Promise<string[]>;
}

export interface TabOptions {
  /** @default 1280 × 860 */
  viewport?: { width: number; height: number };
  /** @default 'light' */
  colorScheme?: 'light' | 'dark';
  /** @default 'no-preference' */
  reducedMotion?: 'reduce' | 'no-preference';
}

/** @param url Where the page is served. */
export async function openTab(browser: Browser, url: string, options: TabOptions = {}): Promise<Tab> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, ...options });
  page.setDefaultTimeout(15_000);
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  return {
    page,
    problems,
    async open(path) {
      await page.goto(new URL(path, url).href);
      await page.locator('h1:not(.hidden)').first().waitFor();
    },
    async audit(rule) {
      await page.evaluate(axe.source);
      const found: { id: string; nodes: { html: string; failureSummary: string }[] }[] = await page.evaluate(
        `axe.run(${JSON.stringify({ resultTypes: ['violations'], ...(rule !== undefined && { runOnly: [rule] }) })}).then(({ violations }) => violations)`,
      );
      return found.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
      );
    },
  };
}
