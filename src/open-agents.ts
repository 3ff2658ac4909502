import { mkdir, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type FileCatalog, openCatalog } from '#agents/catalog.ts'
import { combineAgents } from '#agents/combine-agents.ts'
import { createDatabaseHome } from '#agents/database-home.ts'
import { type CodeChecker, createEditChecks } from '#agents/edit-checks.ts'
import { createAgentEditor } from '#agents/editor.ts'
import { createFileHome } from '#agents/file-home.ts'
import { openRegistryAgents, type RegistryAgents } from '#agents/registry-agents.ts'
import { isReference } from '#agents/registry-reference.ts'
import { openStoredAgents } from '#agents/stored-agents.ts'
import { createToolEditor } from '#agents/tool-editor.ts'
import type { AgentCatalog } from '#runtime/catalog.ts'
import { agentsChannel, readAgentHeads } from '#store/agents.ts'
import type { Store } from '#store/store.ts'
import { ConfigError } from './commands/failure.ts'
import type { Config } from './config.ts'
import type { Logger } from './log.ts'
import { createRegistryFetch } from './registry-fetch.ts'

/** Milliseconds after which a change of another instance is seen though its hint was lost. */
const pollInterval = 800

/** The agents of files, and what has changed among them since. */
export async function openFileAgents({
  config,
  log,
  onChange,
}: {
  config: Config
  log: Logger
  onChange: () => void
}): Promise<FileCatalog> {
  const { agentsWritable, directory } = config
  const { sources, references } = await partSources(config)
  if (agentsWritable !== undefined) await mkdir(agentsWritable, { recursive: true })
  const isNamed = sources.some((source) => resolve(directory, source) === agentsWritable)
  let catalog: FileCatalog | undefined
  const registries = await openRegistries({
    config,
    references,
    log,
    onPulled: () => void catalog?.refresh(),
  })
  try {
    catalog = await openCatalog({
      sources: agentsWritable === undefined || isNamed ? sources : [...sources, agentsWritable],
      pulled: registries?.files,
      directory,
      environment: config.environment,
      writableDirectory: agentsWritable,
      watch: true,
      onProblem: (line) => log.warn(line),
      onChange(change) {
        log.info('agents changed', change)
        onChange()
      },
    })
  } catch (error) {
    await registries?.close()
    throw error
  }
  const { close } = catalog
  return {
    ...catalog,
    async close() {
      await registries?.close()
      await close()
    },
  }
}

/** What is named is a file or a directory when there is one, else it may be in a registry. */
async function partSources({ sources, directory, registries }: Config) {
  const found = await Promise.all(
    sources.map((source) =>
      stat(resolve(directory, source)).then(
        () => true,
        () => false,
      ),
    ),
  )
  const references = sources.filter((source, index) => !found[index] && isReference(source))
  if (references.length === 0 && registries.pullInterval !== undefined) {
    throw new ConfigError('--pull-interval is for agents from a registry, and none is named')
  }
  return { sources: sources.filter((source) => !references.includes(source)), references }
}

async function openRegistries({
  config,
  references,
  log,
  onPulled,
}: {
  config: Config
  references: readonly string[]
  log: Logger
  onPulled: () => void
}): Promise<RegistryAgents | undefined> {
  if (references.length === 0) return undefined
  const { registries, allowHosts, environment, workspace } = config
  const { cacheDirectory, insecure, pullInterval, trusted } = registries
  const fetch = createRegistryFetch({ references, insecure, allowHosts })
  return await openRegistryAgents({
    references,
    cacheDirectory,
    baseDirectory: workspace,
    rules: trusted ? null : { allowHosts, shell: false },
    insecureRegistries: insecure,
    environment,
    pullInterval: pullInterval === undefined ? null : pullInterval * 60_000,
    fetch,
    onProblem: (line) => log.warn(line),
    onPulled,
  })
}

/** All agents under one name space, and what the API may do to them. */
export async function openAgents({
  config,
  log,
  files,
  store,
  code,
}: {
  config: Config
  log: Logger
  files: FileCatalog
  store: Store
  code: CodeChecker
}): Promise<{
  catalog: AgentCatalog & { reportClashes(): void }
  agentEdits: ReturnType<typeof createAgentEditor>
  agentToolEdits: ReturnType<typeof createToolEditor>
}> {
  const { database, agents: rows } = store
  const { environment, workspace, agentsWritable } = config
  const rules = { allowHosts: config.allowHosts, shell: config.enableShell }
  const checks = createEditChecks({ rules, code, environment })
  let catalog: ReturnType<typeof combineAgents> | undefined
  const stored = await openStoredAgents({
    rows,
    readHeads: () => readAgentHeads(database),
    baseDirectory: workspace,
    problemsOf: checks.problemsOf,
    listen: (onHint) => database.listen(agentsChannel, onHint, onHint),
    hears: database.hears,
    // Nobody else opens the embedded database.
    pollInterval: database.kind === 'embedded' ? null : pollInterval,
    onProblem: (line) => log.warn(line),
    onChange: () => catalog?.reportClashes(),
  })
  catalog = combineAgents({
    files,
    stored,
    defaultAgent: config.defaultAgent,
    onProblem: (line) => log.warn(line),
  })
  const home = createDatabaseHome({ rows, stored, baseDirectory: workspace })
  const directory =
    agentsWritable === undefined
      ? undefined
      : createFileHome({ directory: agentsWritable, files, rows, environment })
  const editor = createAgentEditor({ catalog, files, database: home, directory, rows, checks })
  return {
    catalog,
    agentEdits: editor,
    agentToolEdits: createToolEditor({ editor, catalog, code }),
  }
}
