import type { AgentHooks } from '#contract/agent-hooks.ts'
import type { ToolResult } from '#contract/tool.ts'
import type { ToolSession } from './tool.ts'

/** What happens, as the hooks of an agent are told it. */
export type HookEvent =
  | { name: 'pre_tool_use'; tool: string; callId: string; input: Record<string, unknown> }
  | {
      name: 'post_tool_use'
      tool: string
      callId: string
      input: Record<string, unknown>
      response: ToolResult
    }
  | { name: 'session_start'; source: 'startup' }
  | { name: 'session_end'; reason: string }
  | { name: 'on_user_input'; reason: string }

export type HookName = HookEvent['name']

/** What all hooks of an event say together. */
export type HookAnswer = {
  /** The strictest that one of them says; null when none says anything. `deny` is also to block. */
  decision: 'allow' | 'ask' | 'deny' | null
  /** Why, of those that decided; may be empty. */
  reason: string
  /** In place of the arguments; not checked against the tool's schema. */
  input: Record<string, unknown> | null
  /** For the model; may be empty. */
  context: string
  /** For people. */
  messages: string[]
  /** Why a hook gave no answer, one sentence each: who has to be sure cannot be. */
  failures: string[]
}

/** The seam to hooks: those of one agent. */
export type Hooks = {
  /** Whether anything has to be asked: costs nothing. `tool` narrows it to the calls of one tool. */
  has(name: HookName, tool?: string): boolean
  /**
   * Asks all hooks of the event at the same time. Never rejects but with the signal's reason when
   * that aborts, which stops them; what goes wrong with a hook is one of the `failures`.
   */
  ask(event: HookEvent, session: ToolSession, signal: AbortSignal): Promise<HookAnswer>
}

export type HooksFactory = (
  hooks: AgentHooks,
  context: {
    /** The folder of the agent's file, absolute. */
    baseDirectory: string
    /** The agent is from a file that the operator named. */
    trusted: boolean
  },
) => Hooks

/** Of an agent without hooks. */
export const noHooks: Hooks = {
  has: () => false,
  ask: async () => noAnswer,
}

export const noAnswer: HookAnswer = {
  decision: null,
  reason: '',
  input: null,
  context: '',
  messages: [],
  failures: [],
}
