import { afterEach, beforeAll, beforeEach } from 'vitest';
import { connect, type ConnectOptions } from '../client/index.ts';
import type { RunningService, ServeOptions } from '../server/index.ts';
import { createTestIdentity, type TestIdentity } from './identity.ts';
import { silentLogger } from './logger.ts';
import { createShopState, shop, startShop, type ShopState } from './shop.ts';

/** A shop for each test of a file, closed after the test. */
export class ShopSuite {
  /** Run after the test, the last one first. */
  readonly cleanups: (() => unknown)[] = [];
  declare identity: TestIdentity;
  declare service: RunningService;
  declare state: ShopState;

  constructor() {
    beforeAll(async () => {
      this.identity = await createTestIdentity();
    });
    beforeEach(async () => {
      this.state = createShopState();
      this.service = await this.start();
    });
    afterEach(async () => {
      this.state.finish.resolve();
      for (const cleanup of this.cleanups.splice(0).toReversed()) await cleanup();
    });
  }

  /** Starts another shop. */
  async start(options: Partial<ServeOptions> = {}): Promise<RunningService> {
    const started = await startShop(this.state, { authenticate: this.identity.authenticate, ...options });
    this.cleanups.push(() => started.stop());
    return started;
  }

  /** Connects to the shop, without retries. */
  client(options: Partial<ConnectOptions<'till'>> = {}) {
    const made = connect(shop, {
      as: 'till',
      url: this.service.url,
      log: silentLogger,
      timeoutMs: 5000,
      retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 },
      ...options,
    });
    this.cleanups.push(() => made[Symbol.asyncDispose]());
    return made;
  }
}
