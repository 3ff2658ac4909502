import {
  AgentCommand,
  AgentFile,
  AgentMetadata,
  AgentPermissions,
  AgentSpec,
  Fallback,
  FilePricing,
  ModelSpec,
  ProviderSpec,
  StructuredOutput,
} from '#contract/agent-file.ts'
import { AgentHooks, HookCommand, ToolHook } from '#contract/agent-hooks.ts'
import { Budget } from '#contract/budget.ts'
import {
  A2aToolset,
  FetchToolset,
  FilesystemToolset,
  PostEdit,
  ThinkToolset,
  TodoToolset,
  UserPromptToolset,
} from '#contract/toolset.ts'
import { BackgroundAgentsToolset } from '#contract/toolset-agents.ts'
import { CodeTool, CodeToolset } from '#contract/toolset-code.ts'
import {
  ApiRequest,
  ApiToolset,
  ModelPickerToolset,
  OpenApiFilter,
  OpenApiToolset,
  WebSearchToolset,
} from '#contract/toolset-http.ts'
import { McpRemote, McpServer, McpToolset } from '#contract/toolset-mcp.ts'
import { MemoryToolset, TasksToolset } from '#contract/toolset-memory.ts'
import { Script, ScriptToolset, ShellToolset } from '#contract/toolset-shell.ts'
import type { FilePath } from './problem.ts'

const toolsets = {
  filesystem: FilesystemToolset,
  think: ThinkToolset,
  todo: TodoToolset,
  fetch: FetchToolset,
  user_prompt: UserPromptToolset,
  mcp: McpToolset,
  a2a: A2aToolset,
  api: ApiToolset,
  openapi: OpenApiToolset,
  web_search: WebSearchToolset,
  model_picker: ModelPickerToolset,
  shell: ShellToolset,
  script: ScriptToolset,
  memory: MemoryToolset,
  tasks: TasksToolset,
  code: CodeToolset,
  background_agents: BackgroundAgentsToolset,
}

export const toolsetTypes = Object.keys(toolsets)

/** Parts of the format that are left out on purpose. */
export const unsupported = new Set(['rag', 'lsp', 'openai_responses'])

const laterFields = {
  file: new Set<string>(),
  agent: new Set<string>(),
  toolset: new Set(['config', 'toon']),
  model: new Set(['routing']),
  other: new Set<string>(),
}

type Place = { known: string[]; later: Set<string> }

/** The fields that may stand at a path of the file. `type` is the toolset's when it is one. */
export function fieldsAt(path: FilePath, type: unknown): Place {
  const [top, , field, , ...deeper] = path
  if (path.length === 0) return { known: Object.keys(AgentFile.shape), later: laterFields.file }
  if (top === 'agents' && path.length === 2) {
    return { known: Object.keys(AgentSpec.shape), later: laterFields.agent }
  }
  if (top === 'agents' && field === 'toolsets' && path.length === 4 && deeper.length === 0) {
    return { known: toolsetFields(type), later: laterFields.toolset }
  }
  if (top === 'models' && path.length === 2) {
    return { known: Object.keys(ModelSpec.shape), later: laterFields.model }
  }
  if (top === 'agents' && field === 'hooks') {
    return { known: hookFields(path), later: laterFields.other }
  }
  return { known: otherFields(path), later: laterFields.other }
}

/** `agents.NAME.hooks`, an entry of one of its lists, or a command inside such an entry. */
function hookFields(path: FilePath): string[] {
  if (path.length === 3) return Object.keys(AgentHooks.shape)
  const isEntry = path.length === 5 && String(path[3]).endsWith('_tool_use')
  return Object.keys(isEntry ? ToolHook.shape : HookCommand.shape)
}

function toolsetFields(type: unknown): string[] {
  const known = Object.entries(toolsets).find(([name]) => name === type)
  return known === undefined ? ['type'] : Object.keys(known[1].shape)
}

function otherFields(path: FilePath): string[] {
  if (path[0] === 'providers') return Object.keys(ProviderSpec.shape)
  if (path[0] === 'mcps' && path.length === 2) return Object.keys(McpServer.shape)
  const list = path.at(-2)
  if (list === 'python' || list === 'javascript') return Object.keys(CodeTool.shape)
  if (list === 'commands' || path.at(-3) === 'commands') return Object.keys(AgentCommand.shape)
  if (list === 'post_edit') return Object.keys(PostEdit.shape)
  if (list === 'shell') return Object.keys(Script.shape)
  switch (path.at(-1)) {
    case 'permissions':
      return Object.keys(AgentPermissions.shape)
    case 'metadata':
      return Object.keys(AgentMetadata.shape)
    case 'budget':
      return Object.keys(Budget.shape)
    case 'pricing':
      return Object.keys(FilePricing.shape)
    case 'fallback':
      return Object.keys(Fallback.shape)
    case 'structured_output':
      return Object.keys(StructuredOutput.shape)
    case 'instruction':
      return ['file']
    case 'api_config':
      return Object.keys(ApiRequest.shape)
    case 'filter':
      return Object.keys(OpenApiFilter.shape)
    case 'remote':
      return Object.keys(McpRemote.shape)
    default:
      return []
  }
}
