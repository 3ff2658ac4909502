import { type Dirent, existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { readLines } from './text-file.ts'
import { openWorkspace } from './workspace.ts'
import { codeOf } from './workspace-error.ts'

/** A directory with a SKILL.md whose front matter names and describes it. */
export type Skill = {
  name: string
  description: string
  /** Absolute. */
  directory: string
  /** The directory as the model is told it: beside the agent file, or below `~`. */
  place: string
}

/** A directory that skills stand in, down to so many levels. */
export type SkillRoot = { path: string; shown: string; depth: number }

/**
 * Where the sources of an agent's `skills:` lead; what comes later wins over what has the same
 * name. `local` is the user's own directories, then those of the project that the agent file is in;
 * everything else is a directory.
 */
export function skillRoots(
  sources: readonly string[],
  { baseDirectory, home }: { baseDirectory: string; home: string | undefined },
): SkillRoot[] {
  return sources.flatMap((source) => {
    if (source !== 'local') {
      return [{ path: resolve(baseDirectory, source), shown: source, depth: deepest }]
    }
    const ofUser = [
      { name: '.codex/skills', depth: deepest },
      { name: '.claude/skills', depth: 1 },
      { name: '.agents/skills', depth: deepest },
    ]
    const ofProject = projectDirectories(baseDirectory).map((directory) => {
      const path = join(directory, '.agents/skills')
      return { path, shown: relative(baseDirectory, path), depth: 1 }
    })
    return [
      ...(home === undefined ? [] : ofUser).map(({ name, depth }) => ({
        ...{ path: join(home ?? '', name), shown: `~/${name}`, depth },
      })),
      { path: join(baseDirectory, '.claude/skills'), shown: '.claude/skills', depth: 1 },
      ...ofProject,
    ]
  })
}

/** The skills below some roots, sorted by name, and what is wrong with those that are left out. */
export async function findSkills(
  roots: readonly SkillRoot[],
): Promise<{ skills: Skill[]; problems: string[] }> {
  const found = new Map<string, Skill>()
  const problems: string[] = []
  for (const root of roots) {
    const visited = { directories: 0 }
    for await (const directory of skillDirectories(root.path, root.depth, visited)) {
      const place = join(root.shown, relative(root.path, directory))
      const read = await readSkill(directory)
      if (typeof read === 'string') problems.push(`the skill ${place} is left out: ${read}`)
      else found.set(read.name, { ...read, directory, place })
    }
  }
  const skills = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (skills.length > mostSkills) problems.push(`only ${mostSkills} of ${skills.length} skills fit`)
  return { skills: skills.slice(0, mostSkills), problems }
}

export const skillFile = 'SKILL.md'
const deepest = 6
const mostSkills = 100
const mostDirectories = 1000
/** Of a SKILL.md, as far as its front matter may go. */
const frontMatter = { lines: 200, characters: 32 * 1024 }
const longestName = 64
const longestDescription = 1024

/** From the root of the repository, or from the directory itself when there is none, down to it. */
function projectDirectories(directory: string): string[] {
  const above: string[] = []
  for (let current = directory; ; current = dirname(current)) {
    above.unshift(current)
    if (existsSync(join(current, '.git'))) return above
    if (dirname(current) === current) return [directory]
  }
}

/** What stands inside a skill belongs to it. Links are not followed: they may lead anywhere. */
async function* skillDirectories(
  directory: string,
  depth: number,
  visited: { directories: number },
): AsyncGenerator<string> {
  visited.directories += 1
  if (visited.directories > mostDirectories) return
  const entries = await listDirectory(directory)
  if (entries.some((entry) => entry.name === skillFile)) return yield directory
  if (depth === 0) return
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue
    yield* skillDirectories(join(directory, entry.name), depth - 1, visited)
  }
}

async function listDirectory(directory: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    // Most of the places that skills may stand in are not there.
    return []
  }
}

async function readSkill(
  directory: string,
): Promise<{ name: string; description: string } | string> {
  try {
    const head = await readHead(directory)
    if (head === null) return `${skillFile} is no text`
    const block = /^---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(\r?\n|$)/.exec(head)?.[1]
    if (block === undefined)
      return `${skillFile} does not begin with front matter between --- lines`
    return readFrontMatter(block, basename(directory))
  } catch (error) {
    if (codeOf(error) !== '') return `${skillFile} cannot be read (${codeOf(error)})`
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  }
}

async function readHead(directory: string): Promise<string | null> {
  const workspace = await openWorkspace(directory)
  const { handle } = await workspace.openFile(skillFile)
  try {
    const { lines: limit, characters: maximum } = frontMatter
    const { signal } = new AbortController()
    const slice = await readLines({ handle, offset: 1, limit, maximum, signal })
    return slice?.text ?? null
  } finally {
    await handle.close()
  }
}

function readFrontMatter(
  block: string,
  directoryName: string,
): { name: string; description: string } | string {
  const value: unknown = parseYaml(block, { maxAliasCount: 0, stringKeys: true })
  if (typeof value !== 'object' || value === null) return 'its front matter is no mapping'
  const name = textOf(value, 'name') || directoryName
  const description = textOf(value, 'description')
  if (name.length > longestName) return `its name has more than ${longestName} characters`
  if (description === '') return 'its front matter has no description'
  return { name, description: description.slice(0, longestDescription).toWellFormed() }
}

/** On one line: it stands in a list. */
function textOf(value: object, field: string): string {
  const text: unknown = Reflect.get(value, field)
  return typeof text === 'string' ? text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim() : ''
}
