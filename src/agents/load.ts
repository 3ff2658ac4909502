import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { AgentFile, AgentSpec } from '#contract/agent-file.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import { parseAgentFile } from './parse.ts'
import type { FileProblem, PathProblem } from './problem.ts'
import type { SourceFile } from './sources.ts'
import { storableProblems } from './storable.ts'

export type LoadedAgent = {
  /** The other files that the agent is made of, there or not; absolute. */
  dependencies: string[]
} & ({ snapshot: AgentSnapshot } | { problems: FileProblem[] })

/** Reads one source with the files it names. Never throws for what the files hold. */
export async function loadAgent(
  { name, path, source }: SourceFile,
  environment: Record<string, string | undefined>,
): Promise<LoadedAgent> {
  const text = await readText(path)
  if (text instanceof Error) return { dependencies: [], problems: [unreadable(text)] }
  const parsed = parseAgentFile(text, { environment })
  if ('problems' in parsed) return { dependencies: [], problems: parsed.problems }

  const baseDirectory = dirname(path)
  const instructions = await readInstructions(parsed.file, baseDirectory)
  const promptFiles = await readPromptFiles(parsed.file, baseDirectory)
  const dependencies = [...instructions.paths, ...promptFiles.keys()]
  if (instructions.problems.length > 0) {
    return { dependencies, problems: parsed.place(instructions.problems) }
  }
  const version = versionOf([name, baseDirectory, instructions.file, [...promptFiles]])
  const snapshot = {
    name,
    version,
    file: instructions.file,
    baseDirectory,
    source,
    writable: false,
  }
  return { dependencies, snapshot }
}

const filePrefix = 'file:'

/** Puts the text of each `file:` instruction in its place. */
async function readInstructions(
  file: AgentFile,
  baseDirectory: string,
): Promise<{ file: AgentFile; paths: string[]; problems: PathProblem[] }> {
  const agents: [string, AgentSpec][] = []
  const paths: string[] = []
  const problems: PathProblem[] = []
  for (const [name, agent] of Object.entries(file.agents)) {
    const { instruction } = agent
    const isFile = instruction?.startsWith(filePrefix) && !instruction.trim().includes('\n')
    if (!instruction || !isFile) {
      agents.push([name, agent])
      continue
    }
    const path = resolve(baseDirectory, instruction.slice(filePrefix.length).trim())
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

async function readText(path: string): Promise<string | Error> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function unreadable(error: Error): FileProblem {
  const code = 'code' in error ? error.code : undefined
  const messages: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'the file may not be read; check its permissions',
    EISDIR: 'this is a directory, not a file',
  }
  const message = messages[String(code)] ?? `the file cannot be read (${code ?? error.message})`
  return { line: 1, column: 1, message }
}

function unstorable(text: string): string | undefined {
  return storableProblems(text)[0]?.message
}

function versionOf(parts: unknown): string {
  return createHash('sha256').update(canonicalJson(parts)).digest('hex').slice(0, 16)
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
