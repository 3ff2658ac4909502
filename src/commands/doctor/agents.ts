import { linkAgents } from '#agents/links.ts'
import { loadAgent } from '#agents/load.ts'
import { AgentFileError, problemLine } from '#agents/problem.ts'
import { isReference } from '#agents/registry-reference.ts'
import { listSource, resolveSource } from '#agents/sources.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { Config } from '../../config.ts'
import type { Check, Finding } from './check.ts'

type Sources = Pick<Config, 'sources' | 'directory' | 'environment'>

/** Whether the agents load that would be served. */
export function checkAgents(config: Sources): Check {
  return {
    name: 'agents',
    async look() {
      const { snapshots, problems, references } = await loadAgents(config)
      const { faults } = linkAgents(snapshots.map(withoutReferences))
      const lines = [...problems, ...[...faults.values()].flat()]
      if (lines.length > 0) {
        const remedy = 'parley validate says the same of each file'
        return lines.map((detail): Omit<Finding, 'name'> => ({ status: 'failed', detail, remedy }))
      }
      const names = snapshots.map(({ name }) => name).join(', ') || 'none'
      const pulled =
        references.length > 0
          ? `; not looked at, for they are pulled: ${references.join(', ')}`
          : ''
      return [{ status: snapshots.length > 0 ? 'ok' : 'warning', detail: names + pulled }]
    },
  }
}

/** The agents of files, what is wrong with them, and the references that are no files. */
export async function loadAgents({ sources, directory, environment }: Sources): Promise<{
  snapshots: AgentSnapshot[]
  problems: string[]
  references: string[]
}> {
  const snapshots: AgentSnapshot[] = []
  const problems: string[] = []
  const references = sources.filter(isReference)
  for (const source of sources.filter((candidate) => !references.includes(candidate))) {
    try {
      for (const file of await listSource(await resolveSource(source, directory))) {
        const loaded = await loadAgent(file, environment)
        if ('problems' in loaded) {
          problems.push(...loaded.problems.map((problem) => problemLine(file.source, problem)))
        } else snapshots.push(loaded.snapshot)
      }
    } catch (error) {
      if (!(error instanceof AgentFileError)) throw error
      problems.push(...error.message.split('\n'))
    }
  }
  return { snapshots, problems, references }
}

/** What is in a registry cannot be known here. */
function withoutReferences({ mentions = [], ...snapshot }: AgentSnapshot): AgentSnapshot {
  return { ...snapshot, mentions: mentions.filter(({ reference }) => reference === undefined) }
}
