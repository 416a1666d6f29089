import type { PrismaClient } from '@arcadium/prisma/notification';
import type { MutableTopic } from '../domain/muting.ts';

/** The topics that users have muted. */
export class PreferenceStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** The topics muted by a user. */
  async muted(userId: string): Promise<MutableTopic[]> {
    const row = await this.#client.preference.findUnique({ where: { userId } });
    return (row?.muted ?? []) as MutableTopic[]; // the table's check admits no other
  }

  /** Mutes exactly these topics. */
  async mute(userId: string, muted: MutableTopic[]): Promise<void> {
    await this.#client.preference.upsert({ where: { userId }, create: { userId, muted }, update: { muted } });
  }
}
