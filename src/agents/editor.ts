import { isDeepStrictEqual } from 'node:util'
import type {
  AgentConfig,
  AgentPatch,
  AgentVersion,
  AgentVersionContent,
  NewAgent,
} from '#contract/agent-edit.ts'
import type { AgentFile } from '#contract/agent-file.ts'
import { Problem } from '#contract/problem.ts'
import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { Act, AgentHome } from './agent-home.ts'
import type { AgentRows, Author } from './agent-rows.ts'
import type { FileCatalog } from './catalog.ts'
import { codeTextsOf, codeToolsOfFile, toAgentTool } from './code-tools.ts'
import { concealFile, revealFile } from './conceal.ts'
import type { EditChecks } from './edit-checks.ts'
import { sourceText } from './source-text.ts'
import { firstAgent, withFirstAgent } from './team.ts'

/** What guards a change: the ETag of the version that the caller has seen. */
export type Guard = { ifMatch?: string | undefined }

/** The content after a change, from the content before it. */
export type Edit = (file: AgentFile) => AgentFile

type PageRequest = { limit: number; cursor: string | null; order: 'asc' | 'desc' }

/** Everything that the API does to agents. What cannot be done throws a `Problem`. */
export type AgentEditor = ReturnType<typeof createAgentEditor>

export function createAgentEditor({
  catalog,
  files,
  database,
  directory,
  rows,
  checks,
}: {
  catalog: Pick<AgentCatalog, 'of'>
  files: Pick<FileCatalog, 'get' | 'fileOf' | 'refresh' | 'reload'>
  /** Where new agents go when no directory may be written. */
  database: AgentHome
  directory?: (AgentHome & { createToml: AgentHome['create'] }) | undefined
  rows: Pick<AgentRows, 'revisions' | 'revision' | 'audit'>
  checks: EditChecks
}) {
  function homeOf(name: string): AgentHome {
    return files.fileOf(name) && directory ? directory : database
  }

  /** Files are everybody's: only who belongs to the operator changes them. */
  function mayWriteFiles({ scope }: Author): boolean {
    return scope.tenant === 'default'
  }

  /** The agent as it is now; a file wins over an agent of the database. */
  async function read(author: Author, name: string): Promise<AgentSnapshot> {
    const file = files.get(name)
    const current = file && !file.writable ? file : await homeOf(name).read(author, name)
    if (!current) throw notFound(name)
    return current
  }

  async function readWritable(author: Author, name: string, { ifMatch }: Guard) {
    const current = await read(author, name)
    if (!current.writable || (isFile(current) && !mayWriteFiles(author))) throw readOnly(current)
    if (ifMatch !== undefined && !matches(ifMatch, current.version)) throw changed(name)
    return current
  }

  function served({ scope }: Pick<Author, 'scope'>, name: string): AgentSnapshot {
    const snapshot = catalog.of(scope.tenant).get(name)
    if (!snapshot) throw notFound(name)
    return snapshot
  }

  async function readVersion({ scope }: Author, name: string, version: string) {
    const old = await rows.revision(scope, name, version)
    served({ scope }, name)
    if (!old) throw new Problem('not_found', `There is no version ${version} of agent ${name}`)
    return old
  }

  async function create(
    act: Act,
    name: string,
    file: AgentFile,
    { layout = 'yaml', from }: { layout?: 'yaml' | 'toml' | undefined; from?: AgentFile } = {},
  ): Promise<AgentSnapshot> {
    checkRight(act.author, file, from)
    const checked = await checks.check(file)
    const taken =
      files.fileOf(name) ??
      catalog.of(act.author.scope.tenant).get(name) ??
      (await database.read(act.author, name))
    if (taken) throw isTaken(name, taken.source)
    const home = mayWriteFiles(act.author) ? directory : undefined
    const own = layout === 'toml' ? home?.createToml : home?.create
    const isMade = await (own ?? database.create)(act, name, checked)
    if (!isMade) throw isTaken(name, 'something')
    return served(act.author, name)
  }

  async function change(act: Act, name: string, guard: Guard, edit: Edit): Promise<AgentSnapshot> {
    for (let attempt = 1; attempt <= mostTries; attempt += 1) {
      const current = await readWritable(act.author, name, guard)
      const edited = edit(current.file)
      if (isEqual(edited, current.file) && act.change !== 'restored') return current
      checkRight(act.author, edited, current.file)
      const next = await checks.check(edited, current.file, isFile(current))
      if (await homeOf(name).write(act, current, next)) return served(act.author, name)
    }
    throw changed(name)
  }

  function isFile({ name }: AgentSnapshot): boolean {
    return files.get(name) !== undefined
  }

  return {
    change,
    async create(
      author: Author,
      input: NewAgent,
      layout?: 'yaml' | 'toml',
    ): Promise<AgentSnapshot> {
      const act: Act = { author, operation: 'createAgent', change: 'created' }
      return create(act, input.name, toAgentFile(input), { layout })
    },
    async update(author: Author, name: string, patch: AgentPatch, guard: Guard) {
      const act: Act = { author, operation: 'updateAgent', change: 'updated' }
      return change(act, name, guard, (file) => withPatch(file, patch))
    },
    async updatePrompt(author: Author, name: string, content: string, guard: Guard) {
      const act: Act = { author, operation: 'updateAgentPrompt', change: 'updated' }
      return change(act, name, guard, (file) =>
        withFirstAgent(file, (agent) => ({ ...agent, instruction: content })),
      )
    },
    async remove(author: Author, name: string, guard: Guard): Promise<void> {
      const act: Act = { author, operation: 'deleteAgent', change: 'deleted' }
      for (let attempt = 1; attempt <= mostTries; attempt += 1) {
        const current = await readWritable(author, name, guard)
        if (await homeOf(name).remove(act, current)) return
      }
      throw changed(name)
    },
    async duplicate(author: Author, name: string, newName: string): Promise<AgentSnapshot> {
      const { file, source } = await read(author, name)
      const layout = source.toLowerCase().endsWith('.toml') ? 'toml' : 'yaml'
      const act: Act = { author, operation: 'duplicateAgent', change: 'created' }
      return create(act, newName, file, { layout, from: file })
    },
    async reload(author: Author, name: string): Promise<AgentSnapshot> {
      // A file that is new may not have been seen yet.
      if (!files.fileOf(name)) await files.refresh()
      if (!files.fileOf(name)) return read(author, name)
      const lines = await files.reload(name)
      if (lines.length > 0) throw broken(lines, files.get(name) !== undefined)
      const entry = { actor: author.name, action: 'reloadAgent', target: `agent/${name}` }
      await rows.audit(author.scope, entry)
      return served(author, name)
    },
    async config(author: Author, name: string): Promise<AgentConfig> {
      const snapshot = served(author, name)
      const { file, source } = snapshot
      return {
        name,
        source,
        ...(await sourceText(snapshot, files.fileOf(name))),
        config: concealFile(file),
        prompt: firstAgent(file).instruction ?? '',
        tools: codeToolsOfFile(file).map(toAgentTool),
      }
    },
    async versions(author: Author, name: string, page: PageRequest) {
      const { version } = served(author, name)
      const { data, next_cursor } = await rows.revisions(author.scope, name, page)
      const [newest] = page.cursor === null && page.order === 'desc' ? data : []
      const latest = newest ?? (await rows.revision(author.scope, name))
      const shown = data.map((row): AgentVersion => {
        const current = row.version === version && row.revision === latest?.revision
        return { ...row, current }
      })
      return { data: shown, next_cursor }
    },
    async version(author: Author, name: string, version: string): Promise<AgentVersionContent> {
      const old = await readVersion(author, name, version)
      return { version, config: concealFile(old.file) }
    },
    async restore(author: Author, name: string, version: string, guard: Guard) {
      const old = await readVersion(author, name, version)
      const act: Act = { author, operation: 'restoreAgentVersion', change: 'restored' }
      return change(act, name, guard, () => old.file)
    },
  }
}

/** Somebody else may be faster that often. */
const mostTries = 5

function toAgentFile(input: NewAgent): AgentFile {
  if ('config' in input) return toExact(input.config)
  const { system_prompt, model, description, version } = input
  const root = {
    ...(model !== undefined && { model }),
    ...(description !== undefined && { description }),
    instruction: system_prompt,
  }
  return { agents: { root }, ...(version !== undefined && { metadata: { version } }) }
}

function withPatch(file: AgentFile, { config, ...fields }: AgentPatch): AgentFile {
  if (config !== undefined) return revealFile(toExact(config), file)
  const { system_prompt, model, description, version } = fields
  const patched = withFirstAgent(file, (agent) => ({
    ...without(agent, { model, description }),
    ...(typeof model === 'string' && { model }),
    ...(typeof description === 'string' && { description }),
    ...(system_prompt !== undefined && { instruction: system_prompt }),
  }))
  if (version === undefined) return patched
  const { version: _, ...metadata } = file.metadata ?? {}
  const next = version === null ? metadata : { ...metadata, version }
  const { metadata: __, ...rest } = patched
  return Object.keys(next).length > 0 ? { ...rest, metadata: next } : rest
}

/** Without the fields that are to be null. */
function without<Value extends object>(value: Value, fields: Record<string, unknown>): Value {
  const entries = Object.entries(value).filter(([key]) => fields[key] !== null)
  return Object.fromEntries(entries) as Value
}

/** What came as JSON has no `undefined`, and zod adds no key that is not there. */
function toExact(config: NonNullable<AgentPatch['config']>): AgentFile {
  return config as AgentFile
}

function isEqual(a: AgentFile, b: AgentFile): boolean {
  return isDeepStrictEqual(a, b) && isDeepStrictEqual(Object.keys(a.agents), Object.keys(b.agents))
}

function matches(ifMatch: string, version: string): boolean {
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  return tags.includes('*') || tags.includes(`"${version}"`)
}

/** Code that is not there already is for those who may write code. */
function checkRight({ mayWriteCode }: Author, file: AgentFile, before?: AgentFile): void {
  if (mayWriteCode) return
  const known = new Set(before ? codeTextsOf(before) : [])
  if (codeTextsOf(file).every((text) => known.has(text))) return
  throw new Problem(
    'forbidden',
    'This takes the scope code:write for the code in it, which the caller does not have; use a key that has it',
  )
}

function notFound(name: string): Problem {
  return new Problem('not_found', `There is no agent ${name}; listAgents names them`)
}

function isTaken(name: string, source: string): Problem {
  return new Problem(
    'conflict',
    `There is an agent ${name} already, from ${source}; take another name`,
  )
}

function changed(name: string): Problem {
  return new Problem(
    'conflict',
    `Agent ${name} was changed meanwhile; get it again and repeat the change on what it is now`,
  )
}

function readOnly({ name, source }: AgentSnapshot): Problem {
  return new Problem(
    'agent_read_only',
    `Agent ${name} comes from ${source}; change that file, or start the server with --agents-writable and its directory`,
  )
}

function broken(lines: string[], isServed: boolean): Problem {
  const state = isServed ? 'The version before stays in use' : 'It is not served'
  return new Problem('agent_invalid', `${lines.join('; ')}. ${state}.`, {
    errors: lines.map((message) => ({ path: 'config', message })),
  })
}
