ALTER TABLE "runs" ADD COLUMN "events_expired" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "runs_to_expire" ON "runs" USING btree ("finished_at") WHERE not events_expired and finished_at is not null;--> statement-breakpoint
CREATE INDEX "sessions_by_metadata" ON "sessions" USING gin (metadata jsonb_path_ops) WHERE metadata <> '{}';
