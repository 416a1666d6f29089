-- By hand, since schema.prisma has no words for a part of a table: lists do not read over pages in the recycle bin.
CREATE INDEX CONCURRENTLY "pages_live_idx" ON "pages"("updated_at" DESC, "id" DESC) WHERE "deleted_at" IS NULL;
