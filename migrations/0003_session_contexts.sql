CREATE TABLE "session_contexts" (
	"session_id" text COLLATE "C" NOT NULL,
	"agent_name" text NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "session_contexts_session_id_agent_name_pk" PRIMARY KEY("session_id","agent_name")
);
