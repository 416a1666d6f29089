-- By hand, since schema.prisma has no words for a part of a table.
CREATE INDEX CONCURRENTLY "pages_stranding_idx" ON "pages"("id") WHERE "strands";
