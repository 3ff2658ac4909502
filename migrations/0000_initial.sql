CREATE TABLE "agent_revisions" (
	"tenant" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"revision" integer NOT NULL,
	"version" text NOT NULL,
	"change" text NOT NULL,
	"file" json NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "agent_revisions_tenant_name_revision_pk" PRIMARY KEY("tenant","name","revision")
);
--> statement-breakpoint
CREATE TABLE "agent_versions" (
	"version" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"file" json NOT NULL,
	"base_directory" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "agents" (
	"tenant" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"revision" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "agents_tenant_name_pk" PRIMARY KEY("tenant","name")
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"root_session_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"tool_call_id" text COLLATE "C" NOT NULL,
	"args_hash" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"arguments" text,
	"reason" text,
	"decided_by" text,
	"decided_at" timestamp with time zone,
	"expires_at" timestamp with time zone NOT NULL,
	"consumed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "elicitations" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"root_session_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"tool_call_id" text COLLATE "C" NOT NULL,
	"message" text NOT NULL,
	"mode" text NOT NULL,
	"held" boolean DEFAULT false NOT NULL,
	"schema" jsonb,
	"url" text,
	"status" text DEFAULT 'pending' NOT NULL,
	"action" text,
	"content" jsonb,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"session_id" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"seq_from" bigint,
	"tenant" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"subject_id" text COLLATE "C",
	"agent" text NOT NULL,
	"type" text NOT NULL,
	"data" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "events_session_id_seq_pk" PRIMARY KEY("session_id","seq")
);
--> statement-breakpoint
CREATE TABLE "memories" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"scope" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"text" text NOT NULL,
	"category" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"parent_id" text COLLATE "C",
	"role" text NOT NULL,
	"agent_name" text,
	"status" text DEFAULT 'complete' NOT NULL,
	"seq" bigint NOT NULL,
	"body" json NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"root_session_id" text COLLATE "C" NOT NULL,
	"status" text NOT NULL,
	"agent" text NOT NULL,
	"agent_name" text NOT NULL,
	"agent_version" text NOT NULL,
	"model" text,
	"options" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"lease_owner" text,
	"lease_expires_at" timestamp with time zone,
	"token" bigint DEFAULT 0 NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"wake_at" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone,
	"iterations" integer DEFAULT 0 NOT NULL,
	"iteration_limit" integer NOT NULL,
	"plan" jsonb,
	"stop_reason" text,
	"completed" boolean DEFAULT false NOT NULL,
	"waiting_for" jsonb,
	"error" jsonb,
	"input_tokens" bigint DEFAULT 0 NOT NULL,
	"output_tokens" bigint DEFAULT 0 NOT NULL,
	"cached_input_tokens" bigint DEFAULT 0 NOT NULL,
	"reasoning_tokens" bigint DEFAULT 0 NOT NULL,
	"cost" double precision,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"first_seq" bigint NOT NULL,
	"last_seq" bigint,
	"parent_run_id" text COLLATE "C",
	"parent_call_id" text COLLATE "C",
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"compacted" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"external_id" text COLLATE "C",
	"title" text,
	"agent" text,
	"agent_name" text,
	"permissions" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"tools_approved" boolean DEFAULT false NOT NULL,
	"allowed_tools" text[] DEFAULT '{}' NOT NULL,
	"thinking" boolean DEFAULT true NOT NULL,
	"model_override" text,
	"working_dir" text,
	"max_iterations" integer,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"input_tokens" bigint DEFAULT 0 NOT NULL,
	"output_tokens" bigint DEFAULT 0 NOT NULL,
	"cached_input_tokens" bigint DEFAULT 0 NOT NULL,
	"reasoning_tokens" bigint DEFAULT 0 NOT NULL,
	"cost" double precision,
	"last_seq" bigint DEFAULT 0 NOT NULL,
	"run_token" bigint DEFAULT 0 NOT NULL,
	"leaf_id" text COLLATE "C",
	"branched" boolean DEFAULT false NOT NULL,
	"root_id" text COLLATE "C",
	"parent_id" text COLLATE "C",
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "summaries" (
	"session_id" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "summaries_session_id_seq_pk" PRIMARY KEY("session_id","seq")
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"session_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"items" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "todos" (
	"session_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"items" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tool_calls" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"message_id" text COLLATE "C" NOT NULL,
	"ordinal" integer NOT NULL,
	"call_id" text COLLATE "C" NOT NULL,
	"tool" text NOT NULL,
	"arguments" text NOT NULL,
	"args_hash" text NOT NULL,
	"definition" json,
	"executor" text NOT NULL,
	"effect" text NOT NULL,
	"state" text NOT NULL,
	"result" json,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "approvals_by_tenant" ON "approvals" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "approvals_pending" ON "approvals" USING btree ("root_session_id") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_by_call" ON "approvals" USING btree ("tool_call_id");--> statement-breakpoint
CREATE INDEX "audit_log_by_tenant" ON "audit_log" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "elicitations_pending" ON "elicitations" USING btree ("root_session_id") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "elicitations_by_call" ON "elicitations" USING btree ("tool_call_id");--> statement-breakpoint
CREATE INDEX "memories_by_place" ON "memories" USING btree ("tenant","owner","scope","key","id");--> statement-breakpoint
CREATE INDEX "memories_by_session" ON "memories" USING btree ("key") WHERE scope = 'session';--> statement-breakpoint
CREATE INDEX "memories_by_words" ON "memories" USING gin (to_tsvector('simple', text));--> statement-breakpoint
CREATE INDEX "messages_by_session" ON "messages" USING btree ("session_id","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "runs_one_active" ON "runs" USING btree ("session_id") WHERE status in ('queued', 'running', 'waiting');--> statement-breakpoint
CREATE INDEX "runs_by_session" ON "runs" USING btree ("session_id","id");--> statement-breakpoint
CREATE INDEX "runs_to_claim" ON "runs" USING btree ("created_at","id") WHERE status in ('queued', 'running') and parent_run_id is null;--> statement-breakpoint
CREATE INDEX "runs_to_wake" ON "runs" USING btree ("wake_at") WHERE status = 'waiting';--> statement-breakpoint
CREATE INDEX "runs_to_compact" ON "runs" USING btree ("finished_at") WHERE not compacted and finished_at is not null and parent_run_id is null;--> statement-breakpoint
CREATE INDEX "runs_by_parent_call" ON "runs" USING btree ("parent_call_id") WHERE parent_call_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_external_id" ON "sessions" USING btree ("tenant","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "sessions_by_activity" ON "sessions" USING btree ("tenant","updated_at","id") WHERE root_id is null;--> statement-breakpoint
CREATE INDEX "sessions_by_owner" ON "sessions" USING btree ("tenant","owner","updated_at","id") WHERE root_id is null;--> statement-breakpoint
CREATE INDEX "sessions_by_agent" ON "sessions" USING btree ("tenant","agent","updated_at","id") WHERE root_id is null;--> statement-breakpoint
CREATE INDEX "sessions_by_root" ON "sessions" USING btree ("root_id") WHERE root_id is not null;--> statement-breakpoint
CREATE INDEX "tool_calls_by_run" ON "tool_calls" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "tool_calls_waiting" ON "tool_calls" USING btree ("session_id") WHERE state in ('awaiting', 'approved', 'unknown');--> statement-breakpoint
-- Appends rewrite a session's row for its sequence number: room on the page keeps them heap-only.
ALTER TABLE "sessions" SET (fillfactor = 70);
--> statement-breakpoint
ALTER TABLE "runs" SET (fillfactor = 80);
