import type { AgentFile } from '#contract/agent-file.ts'
import type { PathProblem } from './problem.ts'

/** Fields that are only accepted, because files of other programs have them. */
export function unusedFields({ agents }: AgentFile): PathProblem[] {
  return Object.entries(agents).flatMap(([name, { toolsets = [] }]) =>
    toolsets.flatMap((toolset, index) => {
      if (!('path' in toolset) || !(toolset.type === 'memory' || toolset.type === 'tasks'))
        return []
      const path = ['agents', name, 'toolsets', index, 'path']
      return [{ path, message: `not used: ${toolset.type} is kept in the database; remove it` }]
    }),
  )
}
