import { createHash } from 'node:crypto'
import type { AgentLink, AgentMention, AgentSnapshot } from '#runtime/catalog.ts'
import { pinOf } from '#runtime/catalog.ts'
import { didYouMean } from './nearest.ts'
import { firstAgentName } from './team.ts'

/** What cannot be linked, by the name of the source that names it; a line each. */
export type LinkFaults = Map<string, string[]>

/**
 * Puts the sources that sources name into them, so that a run pins all that it may come to. A
 * source whose links are wrong keeps what was served `before`, and isn't served without that.
 */
export function linkAgents(
  snapshots: AgentSnapshot[],
  before: ReadonlyMap<string, AgentSnapshot> = new Map(),
): { agents: Map<string, AgentSnapshot>; faults: LinkFaults } {
  const read = new Map(snapshots.map((snapshot) => [snapshot.name, snapshot]))
  const agents = new Map<string, AgentSnapshot>()
  const faults: LinkFaults = new Map()

  function link(snapshot: AgentSnapshot, above: string[]): AgentSnapshot | undefined {
    const { name, mentions = [] } = snapshot
    if (agents.has(name) || faults.has(name)) return agents.get(name)
    const links: Record<string, AgentLink> = {}
    const lines: string[] = []
    for (const mention of mentions) {
      const found = find(snapshot, mention, [...above, name])
      if (typeof found === 'string') lines.push(`${mention.place ?? snapshot.source} ${found}`)
      else links[mention.entry] = found
    }
    if (lines.length > 0) faults.set(name, lines)
    const linked = lines.length > 0 ? before.get(name) : withLinks(snapshot, links)
    if (linked) agents.set(name, linked)
    return linked
  }

  function find(
    { file }: AgentSnapshot,
    mention: AgentMention,
    above: string[],
  ): AgentLink | string {
    const { source, reference } = mention
    const at = above.indexOf(source)
    if (at >= 0)
      return `${[...above.slice(at), source].join(' → ')}: sources cannot name each other in a circle`
    const target = read.get(source)
    if (!target) return missing(source, reference, [...Object.keys(file.agents), ...read.keys()])
    const snapshot = link(target, above)
    if (!snapshot) return `${source} is not served, because of its own mistakes`
    return { name: mention.name, agentName: firstAgentName(snapshot.file), snapshot }
  }

  for (const snapshot of snapshots) link(snapshot, [])
  return { agents, faults }
}

function missing(source: string, reference: string | undefined, known: string[]): string {
  if (reference !== undefined) return `${reference} is not served; name it for parley serve, too`
  const hint = didYouMean(source, known) || '; serve its file, too'
  return `there is no agent ${source} in this file or beside it${hint}`
}

function withLinks(snapshot: AgentSnapshot, links: Record<string, AgentLink>): AgentSnapshot {
  const pins = Object.values(links).map((link) => [link.name, pinOf(link.snapshot)])
  if (pins.length === 0) return snapshot
  const hash = createHash('sha256').update(JSON.stringify([snapshot.version, pins]))
  return { ...snapshot, links, pin: hash.digest('hex').slice(0, 16) }
}
