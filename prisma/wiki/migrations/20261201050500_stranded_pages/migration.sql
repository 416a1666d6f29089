-- Whether a page in the recycle bin has pages below it that are not there: the top of the tree shows those. A constant
-- default is added without a look at the rows.
ALTER TABLE "pages" ADD COLUMN "strands" BOOLEAN NOT NULL DEFAULT false;

CREATE FUNCTION "note_stranded_pages"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
        IF NEW.deleted_at IS NOT NULL THEN
            UPDATE pages SET strands = true
            WHERE id = NEW.id AND EXISTS (SELECT FROM pages c WHERE c.parent_id = NEW.id AND c.deleted_at IS NULL);
        ELSE
            UPDATE pages SET strands = false WHERE id = NEW.id AND strands;
            -- The parent may be on its way into the bin: wait for that. Whoever puts a page below another holds that one
            -- out of the bin, so this is needed for restored pages only.
            PERFORM FROM pages WHERE id = NEW.parent_id FOR NO KEY UPDATE;
            UPDATE pages SET strands = true WHERE id = NEW.parent_id AND deleted_at IS NOT NULL AND NOT strands;
        END IF;
    END IF;
    IF NEW.deleted_at IS NOT NULL OR NEW.parent_id IS DISTINCT FROM OLD.parent_id THEN
        UPDATE pages SET strands = false
        WHERE id = OLD.parent_id AND strands
            AND NOT EXISTS (SELECT FROM pages c WHERE c.parent_id = OLD.parent_id AND c.deleted_at IS NULL);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER "pages_note_stranded" AFTER UPDATE OF "deleted_at", "parent_id" ON "pages"
    FOR EACH ROW WHEN (OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at" OR OLD."parent_id" IS DISTINCT FROM NEW."parent_id")
    EXECUTE FUNCTION "note_stranded_pages"();
