import { relative } from 'node:path'
import { modelReferences } from '#contract/agent-file.ts'
import type { OpenModels } from '#providers/models.ts'
import type { TenantAgents } from '#runtime/catalog.ts'
import type { CodeRunner } from '#tools/code/code-runner.ts'
import type { Config } from './config.ts'

/** What a person reads when the server has started: where it is, who answers, what keeps the data. */
export function describeStart({
  config,
  url,
  metricsUrl,
  agents,
  models,
  code,
}: {
  config: Config
  url: string
  /** Where metrics are served without a key. */
  metricsUrl: string | undefined
  agents: Pick<TenantAgents, 'list'>
  models: Pick<OpenModels, 'detected' | 'substitution'>
  code: CodeRunner['support']
}): string[] {
  const names = agents.list().map((agent) => agent.name)
  return [
    `Parley ${config.version} listens on ${url}`,
    ...describeDialects(config, url),
    `  agents    ${names.join(', ') || 'none'} (from ${config.sources.join(', ')})`,
    `  model     ${models.detected.id}: ${models.detected.reason}`,
    ...substitutions(agents, models).map((line) => `            ${line}`),
    `  database  ${describeDatabase(config)}`,
    ...describeArchive(config),
    ...(metricsUrl === undefined ? [] : [`  metrics   ${metricsUrl}/metrics, without a key`]),
    ...(config.enableShell ? ['  shell     on: agents may run commands as this user'] : []),
    ...(config.enableCode ? describeCode(code) : []),
    ...(config.insecureNoAuth && !config.loopback
      ? ['  warning   no key is needed: everyone who reaches it may do everything']
      : []),
  ]
}

/** Where the contract stands, and what is not spoken. */
function describeDialects({ standIn, dialectsOff }: Config, url: string): string[] {
  const base = standIn ? `${url}/parley` : url
  return [
    `  docs      ${base}/docs`,
    ...(standIn ? [`  root      ${standIn.name}; Parley's own API is under ${base}`] : []),
    ...(dialectsOff.length > 0 ? [`  off       ${dialectsOff.join(', ')}`] : []),
  ]
}

/** Agents that another model answers for than the one that their file names. */
function substitutions(
  agents: Pick<TenantAgents, 'list'>,
  models: Pick<OpenModels, 'substitution'>,
): string[] {
  const lines = new Set<string>()
  for (const { name, file } of agents.list()) {
    const scope = { models: file.models ?? {}, providers: file.providers ?? {} }
    for (const agent of Object.values(file.agents)) {
      for (const reference of modelReferences(agent.model)) {
        const line = trySubstitution(() => models.substitution(reference, scope))
        if (line) lines.add(`${name}: ${line}`)
      }
    }
  }
  return [...lines]
}

function describeCode({ python, javascript }: CodeRunner['support']): string[] {
  const found = [python, javascript]
  const engines = found.flatMap((support) => (support.isAvailable ? [support.engine] : []))
  const missing = found.flatMap((support) => (support.isAvailable ? [] : [support.why]))
  return [
    `  code      ${engines.join(', ') || 'nothing can run'}`,
    ...missing.map((why) => `            ${why}`),
  ]
}

/** A model that cannot be had at all is told here, too; its runs fail with the same words. */
function trySubstitution(find: () => string | undefined): string | undefined {
  try {
    return find()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Without its path and query: they may hold a secret. */
function describeArchive({ archive }: Config): string[] {
  return archive ? [`  archive   finished turns go to ${new URL(archive.url).origin}`] : []
}

function describeDatabase({ database, directory }: Config): string {
  if (database.kind === 'postgres') return 'Postgres (DATABASE_URL)'
  const path = relative(directory, database.dataDirectory) || '.'
  const shown = path.startsWith('..') ? database.dataDirectory : path
  return `embedded, in ${shown}; survives a crash, not a power loss (DATABASE_URL for a Postgres)`
}
