import { z } from '@hono/zod-openapi'
import { Problem } from '#contract/problem.ts'
import type { Session } from '#contract/session.ts'
import type { Call } from './dialect.ts'

type Snapshot = NonNullable<ReturnType<Call['house']['agents']['get']>>

/** The agent of the route. */
export function findAgent({ params: { name = '' }, house }: Call): Snapshot {
  const snapshot = house.agents.get(name)
  if (snapshot) return snapshot
  throw agentNotFound(name)
}

export function agentNotFound(name: string): Problem {
  return new Problem('not_found', `Agent not found: ${name}`)
}

/** The session of the route. */
export async function findSession({ params: { id = '' }, house }: Call): Promise<Session> {
  const session = await house.sessions.get(id)
  if (session) return session
  throw new Problem('not_found', `Session not found: ${id}`)
}

export const ChatRequest = z.object({ message: z.string() })
export const CreateAgentRequest = z.object({
  name: z.string(),
  system_prompt: z.string(),
  model: z.string().nullish(),
  description: z.string().nullish(),
  version: z.string().nullish(),
})
export const UpdateAgentRequest = CreateAgentRequest.pick({
  model: true,
  description: true,
  version: true,
})
export const UpdatePromptRequest = z.object({ content: z.string() })
export const DuplicateAgentRequest = z.object({ new_name: z.string() })
export const CreateToolRequest = z.object({
  name: z.string(),
  schema_json: z.string(),
  python_code: z.string(),
})
export const UpdateToolRequest = z.object({
  schema_json: z.string().nullish(),
  python_code: z.string().nullish(),
})

/** Fields that it does not know are left aside, as by the server that it stands in for. */
export async function readBody<Request>(call: Call, schema: z.ZodType<Request>): Promise<Request> {
  const result = schema.safeParse((await call.body()) ?? {})
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.join('.') || 'body'
  throw new Problem('validation_failed', `${field}: ${issue?.message ?? 'wrong shape'}`)
}

export function checkAgentName(name: string): void {
  const fault = faultOf('Agent name', name)
  if (fault) throw new Problem('validation_failed', `Invalid agent name: ${fault}`)
}

export function checkToolName(name: string): void {
  const fault = faultOf('Tool name', name)
  if (fault) throw new Problem('validation_failed', `Invalid tool name: ${fault}`)
}

/** An agent also is the name of a file and a part of URLs, and a tool is told to models. */
function faultOf(what: 'Agent name' | 'Tool name', name: string): string | undefined {
  if (name === '') return `${what} cannot be empty`
  if (name.startsWith('.')) return `${what} cannot start with a dot`
  if (/[/\\]/.test(name)) return `${what} cannot contain path separators`
  if (name.includes('..')) return `${what} cannot contain '..'`
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    return `${what} can only contain alphanumeric characters, hyphens, and underscores`
  }
  if (what === 'Agent name' && name.startsWith('-')) return `${what} cannot start with a hyphen`
  if (what === 'Tool name' && !/^[A-Za-z_]/.test(name)) return `${what} must start with a letter`
  const most = what === 'Agent name' ? 100 : 64
  return name.length > most ? `${what} can have ${most} characters` : undefined
}
