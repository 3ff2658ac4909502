import type { ContentPart, Message } from '#contract/message.ts'
import type { Session } from '#contract/session.ts'
import type { ToolDefinition, ToolResult } from '#contract/tool.ts'
import type { Usage } from '#contract/usage.ts'

/** One thing of a session, in its order: exactly one of the two. */
export type Item = { message: SessionMessage } | { sub_session: SessionObject }

export type SessionMessage = ReturnType<typeof toSessionMessage>

/** `agentName` is spelt as its clients read it. */
export function toSessionMessage(message: Message) {
  return {
    agentName: message.agent_name ?? '',
    message: toChatMessage(message),
    ...(message.implicit && { implicit: true }),
  }
}

function toChatMessage(message: Message) {
  const { role, content, multi_content, reasoning, usage, model, cost } = message
  return {
    role,
    content,
    ...(multi_content && { multi_content: multi_content.map(toPart) }),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(message.tool_calls && { tool_calls: message.tool_calls }),
    ...(message.tool_call_id !== undefined && { tool_call_id: message.tool_call_id }),
    ...(message.is_error && { is_error: true }),
    created_at: message.created_at,
    ...(usage && { usage: toTokens(usage) }),
    ...(model !== undefined && { model }),
    ...(cost && { cost }),
  }
}

export function toPart(part: ContentPart) {
  if (part.type !== 'file') return part
  const { file_id, file_data, filename } = part.file
  const type = /^data:([^;,]+)/i.exec(file_data ?? '')?.[1]
  return {
    type: 'file',
    file: {
      ...(file_id !== undefined && { file_id }),
      ...(filename !== undefined && { filename }),
      ...(type !== undefined && { mime_type: type }),
    },
  }
}

export function toTokens({
  input_tokens,
  output_tokens,
  cached_input_tokens,
  reasoning_tokens,
}: Usage) {
  return {
    input_tokens,
    output_tokens,
    cached_input_tokens,
    cached_write_tokens: 0,
    ...(reasoning_tokens > 0 && { reasoning_tokens }),
  }
}

/** A tool that is not known has its name only. */
export function toTool(name: string, definition: ToolDefinition | undefined) {
  if (!definition) {
    return { name, category: '', parameters: null, annotations: {}, outputSchema: null }
  }
  const { description, parameters, output_schema, annotations } = definition
  const { title, read_only, destructive, idempotent, open_world } = annotations
  return {
    name,
    category: '',
    description,
    parameters,
    annotations: {
      ...(title !== undefined && { title }),
      ...(read_only !== undefined && { readOnlyHint: read_only }),
      ...(destructive !== undefined && { destructiveHint: destructive }),
      ...(idempotent !== undefined && { idempotentHint: idempotent }),
      ...(open_world !== undefined && { openWorldHint: open_world }),
    },
    outputSchema: output_schema ?? null,
  }
}

export function toToolResult({ output, is_error, structured, images }: ToolResult) {
  return {
    output,
    ...(is_error && { isError: true }),
    ...(images && { images: images.map(({ data, mime_type: mimeType }) => ({ data, mimeType })) }),
    ...(structured !== undefined && { structuredContent: structured }),
  }
}

export function toListItem(session: Session, messages: number) {
  const { id, title, created_at, usage, working_dir } = session
  return {
    id,
    title: title ?? '',
    created_at,
    num_messages: messages,
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    ...(working_dir !== null && { working_dir }),
  }
}

/** `messages` is left out when there are none. */
export function toDetail(session: Session, messages: SessionMessage[]) {
  const { id, title, created_at, tools_approved, thinking, usage, working_dir } = session
  return {
    id,
    title: title ?? '',
    ...(messages.length > 0 && { messages }),
    created_at,
    tools_approved,
    thinking,
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    ...(working_dir !== null && { working_dir }),
    ...permissionsOf(session),
  }
}

type SessionFields = Pick<
  Session,
  | 'id'
  | 'title'
  | 'created_at'
  | 'tools_approved'
  | 'thinking'
  | 'working_dir'
  | 'max_iterations'
  | 'usage'
  | 'permissions'
>

export type SessionObject = {
  id: string
  title: string
  /** null when there are none. */
  messages: Item[] | null
  [field: string]: unknown
}

/** A session whole, as it is answered when it is made and when a sub-agent's is done. */
export function toSessionObject(session: SessionFields, items: Item[]): SessionObject {
  return {
    id: session.id,
    title: session.title ?? '',
    messages: items.length > 0 ? items : null,
    created_at: session.created_at,
    tools_approved: session.tools_approved,
    thinking: session.thinking,
    hide_tool_results: false,
    ...(session.working_dir !== null && { working_dir: session.working_dir }),
    SendUserMessage: true,
    max_iterations: session.max_iterations ?? 0,
    starred: false,
    input_tokens: session.usage.input_tokens,
    output_tokens: session.usage.output_tokens,
    cost: session.usage.cost ?? 0,
    ...permissionsOf(session),
  }
}

function permissionsOf({ permissions }: Pick<Session, 'permissions'>) {
  return Object.keys(permissions).length > 0 ? { permissions } : {}
}
