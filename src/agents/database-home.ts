import type { AgentFile } from '#contract/agent-file.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { Act, AgentHome } from './agent-home.ts'
import type { AgentRows, NewRevision } from './agent-rows.ts'
import { versionOf } from './load.ts'
import { type StoredAgents, toSnapshot } from './stored-agents.ts'

/** Agents in the database, which all instances share. */
export function createDatabaseHome({
  rows,
  stored,
  baseDirectory,
}: {
  rows: AgentRows
  stored: Pick<StoredAgents, 'refresh'>
  baseDirectory: string
}): AgentHome {
  async function written(isDone: boolean): Promise<boolean> {
    if (isDone) await stored.refresh()
    return isDone
  }

  /** The revision that a snapshot is; nothing when there is a newer one. */
  async function revisionOf({ author }: Act, { name, version }: AgentSnapshot) {
    const [agent] = await rows.read(author.scope, [name])
    return agent?.version === version ? agent.revision : undefined
  }

  function made(act: Act, name: string, file: AgentFile): NewRevision {
    return toRevision(act, { name, version: versionOf({ name, baseDirectory, file }), file })
  }

  return {
    async read({ scope }, name) {
      const [agent] = await rows.read(scope, [name])
      return agent && toSnapshot(agent, baseDirectory)
    },
    async create(act, name, file) {
      return written(await rows.create(act.author.scope, made(act, name, file)))
    },
    async write(act, current, next) {
      const revision = await revisionOf(act, current)
      if (revision === undefined) return false
      const change = { ...made(act, current.name, next), revision }
      return written(await rows.update(act.author.scope, change))
    },
    async remove(act, current) {
      const revision = await revisionOf(act, current)
      if (revision === undefined) return false
      return written(await rows.remove(act.author.scope, { ...toRevision(act, current), revision }))
    },
  }
}

export function toRevision(
  { author, operation, change }: Act,
  { name, version, file }: { name: string; version: string; file: AgentFile },
): NewRevision {
  return {
    name,
    version,
    change,
    file,
    createdBy: author.name,
    audit: { actor: author.name, action: operation, target: `agent/${name}` },
  }
}
