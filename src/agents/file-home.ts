import { realpath, unlink } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { AgentFile } from '#contract/agent-file.ts'
import { Problem } from '#contract/problem.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { Act, AgentHome } from './agent-home.ts'
import type { AgentRows } from './agent-rows.ts'
import type { FileCatalog } from './catalog.ts'
import { toRevision } from './database-home.ts'
import { type LoadedAgent, loadAgent } from './load.ts'
import type { SourceFile } from './sources.ts'
import { readTextFile } from './text-file.ts'
import { planTomlEdit, planTomlFile, tomlFilesOf } from './toml-edit.ts'
import { isToml } from './toml-source.ts'
import { createDirectory, createText } from './write-files.ts'
import { carryOut, type Plan } from './write-plan.ts'
import { writeYaml } from './yaml-edit.ts'
import { planYamlEdit } from './yaml-plan.ts'

/** Agents in the directory that the operator opened for changes. */
export function createFileHome({
  directory,
  files,
  rows,
  environment,
}: {
  /** Absolute. */
  directory: string
  files: Pick<FileCatalog, 'get' | 'refresh' | 'fileOf'>
  rows: Pick<AgentRows, 'record' | 'revision'>
  environment: Record<string, string | undefined>
}): AgentHome & { createToml: AgentHome['create'] } {
  let writing: Promise<unknown> = Promise.resolve()

  /** One change at a time: each reads the files, and writes what belongs to what it read. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = writing.then(work)
    writing = next.catch(() => {})
    return next
  }

  async function readFresh(name: string): Promise<AgentSnapshot | undefined> {
    await files.refresh()
    return files.get(name)
  }

  async function isCurrent({ name, version }: AgentSnapshot): Promise<boolean> {
    return (await readFresh(name))?.version === version
  }

  async function note(act: Act, name: string, before?: AgentSnapshot): Promise<void> {
    const now = files.get(name) ?? before
    if (!now) return
    const { scope } = act.author
    const latest = before && (await rows.revision(scope, name))
    const isNew = before !== undefined && latest?.version !== before.version
    const found = isNew ? [toRevision({ ...act, change: 'found' }, before)] : []
    await rows.record(scope, name, [...found, toRevision(act, now)])
  }

  async function create(act: Act, name: string, plan: Plan, made: () => Promise<boolean>) {
    return await inTurn(async () => {
      const path = [...plan.keys()].at(-1) ?? ''
      await loadPlanned({ name, path, source: path, explicit: false, writable: true }, plan)
      if (!(await made())) return false
      await files.refresh()
      await note(act, name)
      return true
    })
  }

  async function loadPlanned(file: SourceFile, plan: Plan): Promise<AgentSnapshot> {
    const read = async (path: string) => plan.get(path) ?? (await readTextFile(path))
    return rightOf(await loadAgent(file, environment, read))
  }

  return {
    read: (_author, name) => readFresh(name),
    async create(act, name, file) {
      const path = join(directory, `${name}.yaml`)
      const text = writeYaml(file)
      return create(act, name, new Map([[path, text]]), () => createText(path, text))
    },
    async createToml(act, name, file) {
      const home = join(directory, name)
      const plan = planTomlFile(home, name, file)
      return create(act, name, plan, async () => {
        if (!(await createDirectory(home))) return false
        await carryOut(plan)
        return true
      })
    },
    async write(act, current, next) {
      return await inTurn(async () => {
        const file = files.fileOf(current.name)
        if (!file || !(await isCurrent(current))) return false
        const text = String(await readTextFile(file.path))
        const plan = isToml(file.path)
          ? planTomlEdit(file.path, text, current.file, next)
          : planYamlEdit(file.path, text, current.file, next)
        const places = await placed(directory, plan)
        const planned = await loadPlanned(file, plan)
        if (!isSameFile(planned.file, next)) throw cannotSay(file)
        if (String(await readTextFile(file.path)) !== text) return false
        await carryOut(places)
        await files.refresh()
        await note(act, current.name, current)
        return true
      })
    },
    async remove(act, current) {
      return await inTurn(async () => {
        const file = files.fileOf(current.name)
        if (!file || !(await isCurrent(current))) return false
        await placed(directory, new Map([[file.path, null]]))
        const others = isToml(file.path) ? await tomlFilesOf(file.path) : undefined
        await unlink(file.path)
        await others?.remove()
        // A file that is gone for one look may be on its way back from an editor.
        await files.refresh()
        await files.refresh()
        await note(act, current.name, current)
        return true
      })
    },
  }
}

function rightOf(loaded: LoadedAgent): AgentSnapshot {
  if ('snapshot' in loaded) return loaded.snapshot
  const errors = loaded.problems.map(({ message }) => {
    const [path = 'config', ...rest] = message.split(': ')
    return rest.length > 0
      ? { path: `config.${path}`, message: rest.join(': ') }
      : { path: 'config', message }
  })
  const [first] = errors
  throw new Problem('agent_invalid', `${first?.path}: ${first?.message}`, { errors })
}

/** The order of agents counts, too. */
function isSameFile(a: AgentFile, b: AgentFile): boolean {
  const [left, right] = [Object.keys(a.agents), Object.keys(b.agents)]
  return isDeepStrictEqual(a, b) && isDeepStrictEqual(left, right)
}

function cannotSay({ source }: SourceFile): Problem {
  return new Problem(
    'agent_invalid',
    `${source} uses aliases or merges where the change goes, so that it cannot be written without changing more; edit the file itself`,
  )
}

/** The plan with its real paths; no link leads a write out of the directory. */
async function placed(directory: string, plan: Plan): Promise<Plan> {
  const home = await realpath(directory)
  const real: Plan = new Map()
  for (const [path, text] of plan) {
    const place = await realPlace(path)
    if (!place.startsWith(join(home, sep))) throw readOnly(path)
    real.set(place, text)
  }
  return real
}

async function realPlace(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined)
  return real ?? join(await realPlace(dirname(path)), basename(path))
}

function readOnly(path: string): Problem {
  return new Problem(
    'agent_read_only',
    `${basename(path)} is outside the directory of --agents-writable; change it where it is`,
  )
}
