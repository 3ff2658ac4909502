import { parse, stringify } from 'smol-toml'
import { z } from 'zod'
import type { AgentTool } from '#contract/agent-tool.ts'

/** An agent in the layout of its directories, which is a view of it where it lives elsewhere. */
export function writeConfig({
  name,
  model,
  description,
  version,
  tools,
}: {
  name: string
  model: string | null
  description: string
  version: string | undefined
  tools: AgentTool[]
}): string {
  const entries = tools.flatMap(({ name: tool, implementation }) => {
    if (implementation === 'builtin') return []
    const script = `tools/${tool}.${implementation === 'python' ? 'py' : 'js'}`
    return {
      name: tool,
      schema: `tools/${tool}.json`,
      implementation: { type: implementation, script },
    }
  })
  return stringify({
    agent: {
      name,
      ...(model !== null && { model }),
      system_prompt: 'prompt.txt',
      ...(description !== '' && { description }),
      ...(version !== undefined && { version }),
    },
    ...(entries.length > 0 && { tools: entries }),
  })
}

const field = z.string().nullable().default(null)
const Config = z.object({
  agent: z.object({
    name: z.string(),
    model: field,
    system_prompt: z.string(),
    description: field,
    version: field,
  }),
  tools: z.array(z.unknown()).default([]),
})

/** The same as JSON, with null for what is not there. */
export function parsedConfig(toml: string): z.infer<typeof Config> {
  return Config.parse(parse(toml))
}
