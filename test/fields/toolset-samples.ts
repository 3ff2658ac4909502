import { fileURLToPath } from 'node:url'

/** A toolset of one type: an entry that works, one of its tools, and a call of that. */
export type Sample = {
  entry: Record<string, unknown>
  call: { name: string; args?: object }
  /** The set has this one tool only. */
  single?: true
  /** Fields that the agent needs beside it. */
  agent?: Record<string, unknown>
}

const server = fileURLToPath(new URL('./mcp-server.ts', import.meta.url))

/** How the MCP server of the probes is started, with more arguments of its own. */
export function mcpCommand(...more: string[]) {
  const args = ['--disable-warning=ExperimentalWarning', server, ...more]
  return { command: process.execPath, args }
}

/** A sample of each type of toolset; remote ones are at `url`. */
export function toolsetSamples(url: string): Record<string, Sample> {
  return {
    filesystem: { entry: { path: './files' }, call: { name: 'list_directory' } },
    think: { entry: {}, call: { name: 'think', args: { thought: 'hm' } }, single: true },
    todo: { entry: {}, call: { name: 'list_todos' } },
    tasks: { entry: {}, call: { name: 'list_tasks' } },
    memory: { entry: {}, call: { name: 'get_memories' } },
    fetch: { entry: {}, call: { name: 'fetch', args: { urls: [`${url}/echo`] } }, single: true },
    user_prompt: {
      entry: {},
      call: { name: 'user_prompt', args: { message: 'Well?' } },
      single: true,
    },
    mcp: { entry: mcpCommand(), call: { name: 'tell' }, single: true },
    a2a: {
      entry: { url: `${url}/agent`, name: 'remote' },
      call: { name: 'remote', args: { message: 'Hi' } },
      single: true,
    },
    api: {
      entry: { name: 'call', endpoint: `${url}/echo` },
      call: { name: 'call' },
      single: true,
    },
    openapi: { entry: { url: `${url}/openapi.json` }, call: { name: 'getEcho' } },
    web_search: {
      entry: { provider: 'searxng', url: `${url}/searxng` },
      call: { name: 'web_search', args: { query: 'parley' } },
      single: true,
    },
    model_picker: { entry: { models: ['scripted/strong'] }, call: { name: 'revert_model' } },
    background_agents: {
      entry: {},
      call: { name: 'list_background_agents' },
      agent: { sub_agents: ['helper'] },
    },
    shell: { entry: { path: './files' }, call: { name: 'list_background_jobs' } },
    script: { entry: { shell: { hi: { cmd: 'echo hi' } } }, call: { name: 'hi' }, single: true },
    code: {
      entry: { javascript: [{ name: 'one', code: 'export const execute = () => 1' }] },
      call: { name: 'one' },
      single: true,
    },
  }
}
