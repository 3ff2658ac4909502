import { z } from '@hono/zod-openapi'
import { commonFields, toolNames } from './toolset.ts'

export const BackgroundAgentsToolset = z
  .object({
    type: z
      .literal('background_agents')
      .describe('Give tasks to the sub_agents without waiting for them'),
    tools: toolNames([
      'run_background_agent',
      'list_background_agents',
      'view_background_agent',
      'stop_background_agent',
    ]),
    ...commonFields,
  })
  .strict()
  .openapi('BackgroundAgentsToolset')
