import type { PrismaClient } from '@arcadium/prisma/notification';
import type { MutableTopic } from '../domain/muting.ts';

/** What users do not want to hear about. */
export class PreferenceStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** The topics that a user has muted. */
  async muted(userId: string): Promise<MutableTopic[]> {
    const row = await this.#client.preference.findUnique({ where: { userId } });
    return (row?.muted ?? []) as MutableTopic[]; // the table's check admits no other
  }

  /** Mutes these topics and no others. */
  async mute(userId: string, muted: MutableTopic[]): Promise<void> {
    await this.#client.preference.upsert({ where: { userId }, create: { userId, muted }, update: { muted } });
  }
}
