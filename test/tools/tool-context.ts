import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { checkArguments } from '#runtime/arguments.ts'
import type { ToolContext, ToolOutcome, Toolset } from '#runtime/tool.ts'

let calls = 0

export function toolContext(own: Partial<ToolContext> = {}): ToolContext {
  calls += 1
  return {
    tenant: 'default',
    owner: 'local',
    sessionId: 'ses_1',
    agentName: 'root',
    workingDir: null,
    callId: `call_${calls}`,
    providerCallId: `provider_${calls}`,
    runId: 'run_1',
    signal: new AbortController().signal,
    progress: () => {},
    setModel: async () => {},
    background: {
      start: async () => {
        throw new Error('There are no background agents here.')
      },
      list: async () => [],
      view: async () => null,
      stop: async () => null,
    },
    elicit: async () => ({ action: 'cancel', content: null }),
    ...own,
  }
}

/** Calls a tool as the runtime does: arguments are checked first, and what is thrown is a result. */
export async function callTool(
  toolset: Toolset,
  name: string,
  args: Record<string, unknown>,
  context: ToolContext = toolContext(),
): Promise<ToolOutcome> {
  const tools = await toolset.tools(context)
  const tool = tools.find(({ definition }) => definition.name === name)
  if (!tool) throw new Error(`There is no tool ${name}.`)
  const faults = checkArguments(tool.definition.parameters, args)
  if (faults.length > 0) return { type: 'result', output: faults.join('\n'), is_error: true }
  try {
    return await tool.execute(args, context)
  } catch (error) {
    const output = error instanceof Error ? error.message : String(error)
    return { type: 'result', output, is_error: true }
  }
}

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'parley-tools-'))
  onTestFinished(async () => await rm(path, { recursive: true, force: true }))
  return path
}
