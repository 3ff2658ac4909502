import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { AgentFile, AgentSpec } from '#contract/agent-file.ts'
import type { AgentMention, AgentSnapshot } from '#runtime/catalog.ts'
import type { AgentParts, LoadContext, PlacedMention } from './agent-parts.ts'
import { type ApiRules, apiProblems } from './api-rules.ts'
import { readCodeFiles } from './code-files.ts'
import { mentionsOf } from './mentions.ts'
import { parseAgentFile } from './parse.ts'
import type { FileProblem, PathProblem } from './problem.ts'
import type { SourceFile } from './sources.ts'
import type { ReadText } from './text-file.ts'
import { readTextFile, unreadable, unstorable } from './text-file.ts'
import { isToml, loadToml } from './toml-source.ts'
import { unusedFields } from './unused-fields.ts'

export type LoadedAgent = {
  /** The other files that the agent is made of, there or not; absolute. */
  dependencies: string[]
} & (
  | {
      snapshot: AgentSnapshot
      /** What its author should know although it is served. */
      notes: FileProblem[]
    }
  | { problems: FileProblem[] }
)

/** Reads one source with the files it names. Never throws for what the files hold. */
export async function loadAgent(
  source: SourceFile,
  environment: Record<string, string | undefined>,
  readText: ReadText = readTextFile,
): Promise<LoadedAgent> {
  const text = await readText(source.path)
  if (text instanceof Error) return { dependencies: [], problems: [unreadable(text)] }
  const { registry } = source
  const baseDirectory = registry?.baseDirectory ?? dirname(source.path)
  const parts = isToml(source.path)
    ? await loadToml(text, { baseDirectory, environment, readText })
    : await loadYaml(text, { baseDirectory, environment, readText }, registry?.rules ?? null)
  if ('problems' in parts) return parts
  const { dependencies, file, mentions = [], notes = [] } = parts
  const name = parts.name ?? source.name
  const version = versionOf({
    name,
    baseDirectory,
    file,
    promptFiles: parts.promptFiles ?? new Map(),
  })
  const { source: shown, writable } = source
  const trusted = registry === undefined || registry.rules === null
  return {
    dependencies,
    notes,
    snapshot: {
      name,
      version,
      file,
      baseDirectory,
      source: shown,
      writable,
      trusted,
      ...(mentions.length > 0 ? { mentions: mentions.map(placeIn(shown)) } : {}),
    },
  }
}

/** A hash over all that the agent is. */
export function versionOf({
  name,
  baseDirectory,
  file,
  promptFiles = new Map(),
}: {
  name: string
  baseDirectory: string
  file: AgentFile
  promptFiles?: Map<string, string | null>
}): string {
  const parts = [name, baseDirectory, file, [...promptFiles]]
  return createHash('sha256').update(canonicalJson(parts)).digest('hex').slice(0, 16)
}

async function loadYaml(
  text: string,
  { baseDirectory, environment, readText }: LoadContext,
  rules: ApiRules | null,
): Promise<AgentParts> {
  const parsed = parseAgentFile(text, { environment })
  if ('problems' in parsed) return { dependencies: [], problems: parsed.problems }
  const foreign =
    rules === null ? [] : [...apiProblems(parsed.file, rules), ...foreignMentions(parsed.file)]
  if (foreign.length > 0) {
    return { dependencies: [], problems: parsed.place(foreign.map(explainForeign)) }
  }
  const instructions = await readInstructions(parsed.file, baseDirectory, readText)
  const promptFiles = await readPromptFiles(parsed.file, baseDirectory, readText)
  const code = await readCodeFiles(instructions.file, baseDirectory, readText)
  const dependencies = [...instructions.paths, ...code.paths, ...promptFiles.keys()]
  const problems = [...instructions.problems, ...code.problems]
  if (problems.length > 0) return { dependencies, problems: parsed.place(problems) }
  const mentions = mentionsOf(code.file).map((mention) => ({
    ...mention,
    ...parsed.at(mention.path),
  }))
  const notes = parsed.place(unusedFields(code.file))
  return { dependencies, file: code.file, promptFiles, mentions, notes }
}

function placeIn(source: string) {
  return ({ entry, name, source: of, reference, line, column }: PlacedMention): AgentMention => ({
    entry,
    name,
    source: of,
    ...(reference === undefined ? {} : { reference }),
    place: `${source}:${line}:${column}`,
  })
}

/** Who wrote it does not know the agents of whoever serves it. */
function foreignMentions(file: AgentFile): PathProblem[] {
  return mentionsOf(file).flatMap(({ path, source, reference }) =>
    reference === undefined ? [{ path, message: `no agent ${source} in this file` }] : [],
  )
}

function explainForeign({ message, ...problem }: PathProblem): PathProblem {
  const why = 'an agent from a registry is held to the same rules unless --enable-stdio is given'
  return { ...problem, message: `${message} (${why})` }
}

const filePrefix = 'file:'

/** The file that an instruction names in place of its text; absolute. */
export function instructionFile(
  instruction: string | undefined,
  baseDirectory: string,
): string | undefined {
  if (!instruction?.startsWith(filePrefix) || instruction.trim().includes('\n')) return undefined
  return resolve(baseDirectory, instruction.slice(filePrefix.length).trim())
}

/** Puts the text of each `file:` instruction in its place. */
async function readInstructions(
  file: AgentFile,
  baseDirectory: string,
  readText: ReadText,
): Promise<{ file: AgentFile; paths: string[]; problems: PathProblem[] }> {
  const agents: [string, AgentSpec][] = []
  const paths: string[] = []
  const problems: PathProblem[] = []
  for (const [name, agent] of Object.entries(file.agents)) {
    const path = instructionFile(agent.instruction, baseDirectory)
    if (path === undefined) {
      agents.push([name, agent])
      continue
    }
    paths.push(path)
    const text = await readText(path)
    const message = text instanceof Error ? unreadable(text).message : unstorable(text)
    if (message !== undefined) {
      problems.push({ path: ['agents', name, 'instruction'], message: `${path}: ${message}` })
    }
    agents.push([name, { ...agent, instruction: String(text) }])
  }
  return { file: { ...file, agents: Object.fromEntries(agents) }, paths, problems }
}

/** null for a file that is not there: it may come later, and the runtime looks again. */
async function readPromptFiles(
  file: AgentFile,
  baseDirectory: string,
  readText: ReadText,
): Promise<Map<string, string | null>> {
  const names = Object.values(file.agents).flatMap((agent) => agent.add_prompt_files ?? [])
  const texts = new Map<string, string | null>()
  for (const name of names) {
    const path = resolve(baseDirectory, name)
    const text = await readText(path)
    texts.set(path, text instanceof Error ? null : text)
  }
  return texts
}

/** Sorted keys, but for `agents`: their order says which one answers. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (key, item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    const entries = Object.entries(item)
    return key === 'agents' ? entries : Object.fromEntries(entries.sort(byKey))
  })
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}
