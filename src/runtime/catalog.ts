import type { AgentFile } from '#contract/agent-file.ts'

/** One version of one source: a team as it was read at some time. Never changed in place. */
export type AgentSnapshot = {
  /** The `{agent}` of the routes: a file's stem. */
  name: string
  /** A hash over the parsed file and where it stands. */
  version: string
  file: AgentFile
  /** Where relative paths of the file start; absolute. */
  baseDirectory: string
  /** Shown to people: a path as it was named on the command line. */
  source: string
  writable: boolean
  /** Named by the operator: its toolsets may start programs. Missing means no. */
  trusted?: boolean
  /** The agents of other sources that its agents name. */
  mentions?: AgentMention[]
  /** What these are now, by what stands in the file. */
  links?: Record<string, AgentLink>
  /** The version together with those of its links. */
  pin?: string
}

/** An agent of another source, as a file names it. */
export type AgentMention = {
  /** What stands in the file. */
  entry: string
  /** What its team calls it. */
  name: string
  /** The name of its source. */
  source: string
  /** Where it is in a registry. */
  reference?: string
  /** Where it stands, for messages. */
  place?: string
}

export type AgentLink = { name: string; agentName: string; snapshot: AgentSnapshot }

/** What a run keeps to: the version of its source, and those of the sources that this one names. */
export function pinOf({ version, pin }: AgentSnapshot): string {
  return pin ?? version
}

/** The agents that one tenant sees: those of files, and those it made over the API. */
export type TenantAgents = {
  /** Sorted by name. */
  list(): AgentSnapshot[]
  get(name: string): AgentSnapshot | undefined
  /** `--agent NAME`, else the only one, else `default`, else the first by name. */
  defaultName(): string | undefined
}

/** The agents that this instance serves. */
export type AgentCatalog = {
  of(tenant: string): TenantAgents
  close(): Promise<void>
}
