import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openPlace, startShop, type Place } from './place.ts';

type Shop = Awaited<ReturnType<typeof startShop>>;

/** The tests of a shop, whichever library its program uses for the database. */
export function testShop(program: URL): void {
  let place: Place;
  let shop: Shop;
  let replica: Shop;

  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  beforeAll(async () => {
    place = await openPlace();
    await place.admin.query(`INSERT INTO stock VALUES ('cup', 100), ('lamp', 0)`);
    shop = await startShop(program, place);
    replica = await startShop(program, place);
  });
  afterAll(async () => {
    await Promise.all([shop?.stop(), replica?.stop()]);
    await place?.close();
  });

  const orders = async () => (await place.admin.query('SELECT id, item FROM orders')).rows;
  const waiting = async (what: string) => {
    const { rows } = await place.admin.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'shop' AND ${what}`,
    );
    return rows[0]?.count;
  };
  const delivered = (id: string) =>
    vi.waitFor(() => expect(place.mails.filter((mail) => mail.id === id)).toHaveLength(1), {
      timeout: 20_000,
    });
  const outboxIsEmpty = () =>
    vi.waitFor(
      async () => {
        expect((await place.admin.query('SELECT FROM arcadium.outbox_messages')).rowCount).toBe(0);
      },
      { timeout: 20_000 },
    );

  test('the same key at once at two replicas: one effect, one answer, one message', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? shop : replica).place('cup', 'order-1')),
    );
    const [order] = answers;
    expect(answers).toEqual(answers.map(() => order));
    expect(await orders()).toEqual([order]);
    await delivered(order?.id ?? '');
    await outboxIsEmpty();
    expect(await shop.place('cup', 'order-1')).toEqual(order);
    expect(place.mails).toHaveLength(1);
  });

  test('the same key with another input is a conflict', async () => {
    const other = replica.place('lamp', 'order-1');
    await expect(other).rejects.toMatchObject({
      data: { code: 'CONFLICT', error: { name: 'IDEMPOTENCY_KEY_REUSED' } },
    });
  });

  test('a refusal leaves neither order nor key nor message', async () => {
    const before = await orders();
    const mails = place.mails.length;
    const refused = shop.place('lamp', 'order-2');
    await expect(refused).rejects.toMatchObject({
      data: { error: { name: 'SOLD_OUT', data: { item: 'lamp' } } },
    });
    expect(await orders()).toEqual(before);
    // The key is free again, for another input too.
    const order = await shop.place('cup', 'order-2');
    await delivered(order.id);
    await outboxIsEmpty();
    expect(place.mails).toHaveLength(mails + 1);
  });

  test('a process that is killed in between: the next attempt has the one effect, with one message', async () => {
    const before = (await orders()).length;
    const mails = place.mails.length;
    const holder = await place.admin.connect();
    await holder.query('BEGIN; LOCK TABLE stock IN ACCESS EXCLUSIVE MODE');
    const attempt = shop.place('cup', 'order-3').then(
      () => 'answered',
      () => 'lost',
    );
    // The key is claimed, the order and the message are written, and nothing is committed.
    await vi.waitFor(async () => expect(await waiting(`wait_event_type = 'Lock'`)).toBe(1), {
      timeout: 20_000,
    });
    await shop.kill();
    expect(await attempt).toBe('lost');
    await holder.query('ROLLBACK');
    holder.release();
    // PostgreSQL may need a moment to notice that the process is gone.
    const order = await vi.waitFor(() => replica.place('cup', 'order-3'), { timeout: 20_000 });
    expect(await orders()).toHaveLength(before + 1);
    await delivered(order.id);
    await outboxIsEmpty();
    expect(place.mails).toHaveLength(mails + 1);
    shop = await startShop(program, place);
    expect(await shop.place('cup', 'order-3')).toEqual(order);
  });

  test('a connection that is lost in between: the process goes on, and the next attempt has the one effect', async () => {
    const before = (await orders()).length;
    const mails = place.mails.length;
    const holder = await place.admin.connect();
    await holder.query('BEGIN; LOCK TABLE stock IN ACCESS EXCLUSIVE MODE');
    const attempt = shop.place('cup', 'order-4').then(
      () => 'answered',
      (error: { data?: { code?: string } }) => error.data?.code,
    );
    await vi.waitFor(async () => expect(await waiting(`wait_event_type = 'Lock'`)).toBe(1), {
      timeout: 20_000,
    });
    await place.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop' AND wait_event_type = 'Lock'`,
    );
    expect(await attempt).toBe('SERVICE_UNAVAILABLE');
    await holder.query('ROLLBACK');
    holder.release();
    const order = await vi.waitFor(() => shop.place('cup', 'order-4'), { timeout: 20_000 });
    expect(await orders()).toHaveLength(before + 1);
    await delivered(order.id);
    await outboxIsEmpty();
    expect(place.mails).toHaveLength(mails + 1);
  });

  test('a service that stops drains its relay, and ends by itself', async () => {
    expect(await shop.stop()).toBe(0);
    expect(await replica.stop()).toBe(0);
    expect(await waiting('true')).toBe(0);
  });
}
