-- By hand, since schema.prisma has no words for a part of a table.
CREATE INDEX CONCURRENTLY "pages_live_author_idx" ON "pages"("author_id", "updated_at" DESC, "id" DESC) WHERE "deleted_at" IS NULL;
