-- By hand, since schema.prisma has no words for a part of a table: pages whose words are still to be read, usually none.
CREATE INDEX CONCURRENTLY "pages_wordless_idx" ON "pages"("updated_at" DESC, "id" DESC) WHERE "words" IS NULL;
