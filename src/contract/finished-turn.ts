import { z } from '@hono/zod-openapi'
import { Message } from './message.ts'
import { Run } from './run.ts'
import { Session } from './session.ts'
import { Usage } from './usage.ts'

const SubSessionTurn = z
  .object({
    id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    parent_id: z.string().nullable().openapi({ description: 'The session it was asked from' }),
    title: z.string().nullable().openapi({ description: 'The task in short' }),
    agent_name: z.string().nullable().openapi({ description: 'The agent inside the source' }),
    messages: z.array(Message).openapi({ description: 'What was said in this turn, in order' }),
  })
  .openapi('SubSessionTurn', { description: "A sub-agent's part of a finished turn" })

/** What the archive receives. */
export const FinishedTurn = z
  .object({
    id: z.string().openapi({
      description: 'The same whenever the turn is sent again; also the header webhook-id',
      example: 'dlv_01k9zq6w0v6m3t8q4x1y2z3a4b',
    }),
    type: z.literal('turn.finished'),
    time: z.iso.datetime().openapi({ description: 'When the run ended' }),
    tenant: z.string().openapi({ description: 'Whose conversation it is', example: 'default' }),
    owner: z.string().openapi({ description: 'Who began the session', example: 'local' }),
    session: Session,
    run: Run,
    messages: z.array(Message).openapi({
      description: "The session's messages of this turn, in order: posted, answers, tool results",
    }),
    sub_sessions: z.array(SubSessionTurn).openapi({ description: 'What sub-agents said' }),
    usage: Usage,
  })
  .openapi('FinishedTurn', { description: 'A finished turn, as the archive receives it' })
export type FinishedTurn = z.infer<typeof FinishedTurn>
