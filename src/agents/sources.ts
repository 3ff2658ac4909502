import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { agentNamePattern } from './agent-name.ts'
import type { ApiRules } from './api-rules.ts'
import { AgentFileError } from './problem.ts'
import { readTextFile } from './text-file.ts'
import { isToml, isTomlAgent } from './toml-source.ts'

/** A file that is served as one agent. */
export type SourceFile = {
  /** The `{agent}` of the routes: the file's stem; a TOML file says its name itself. */
  name: string
  /** Absolute. */
  path: string
  /** As people know it: the way it was named on the command line. */
  source: string
  /** Named itself, and not only its directory. */
  explicit: boolean
  /** The API may change it. */
  writable: boolean
  /**
   * It was pulled: where its relative paths start, and the rules it is held to; null trusts it like
   * a file of the operator.
   */
  registry?: { baseDirectory: string; rules: ApiRules | null }
}

/** What was named on the command line. */
export type Source =
  | { kind: 'file'; file: SourceFile }
  | { kind: 'directory'; path: string; source: string }

const extensions = new Set(['.yaml', '.yml', '.json', '.toml'])

/** Throws an `AgentFileError` for a path that is not there or cannot be a name. */
export async function resolveSource(source: string, directory: string): Promise<Source> {
  const path = resolve(directory, source)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    throw new AgentFileError([`${source}: there is no such file or directory`])
  }
  if (found.isDirectory()) return { kind: 'directory', path, source }
  const file = toSourceFile(path, source, true)
  if (!agentNamePattern.test(file.name)) {
    throw new AgentFileError([`${source}: ${unusableName}`])
  }
  return { kind: 'file', file }
}

/** The files that a source stands for now; a directory that is gone has none. May reject. */
export async function listSource(source: Source): Promise<SourceFile[]> {
  if (source.kind === 'file') return [source.file]
  const entries = await readdir(source.path, { withFileTypes: true }).catch(noneWhenAbsent)
  const directories = entries.filter((entry) => entry.isDirectory() && isVisible(entry.name))
  const files = entries
    .filter((entry) => !entry.isDirectory() && isAgentName(entry.name))
    .map(({ name }) => toSourceFile(join(source.path, name), join(source.source, name), false))
  const deeper = await Promise.all(
    directories.map(({ name }) =>
      listTomlAgents(join(source.path, name), join(source.source, name)),
    ),
  )
  return [...(await onlyAgents(files)), ...deeper.flat()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** A TOML agent has a directory of its own; YAML is served from the named directory only. */
async function listTomlAgents(path: string, source: string): Promise<SourceFile[]> {
  const names = await readdir(path).catch(noneWhenAbsent)
  const files = names
    .filter((name) => isToml(name) && isAgentName(name))
    .map((name) => toSourceFile(join(path, name), join(source, name), false))
  return onlyAgents(files)
}

async function onlyAgents(files: SourceFile[]): Promise<SourceFile[]> {
  const are = await Promise.all(
    files.map(async ({ path }) => !isToml(path) || isTomlAgent(String(await readTextFile(path)))),
  )
  return files.filter((_, index) => are[index])
}

function isAgentName(name: string): boolean {
  return extensions.has(extname(name).toLowerCase()) && agentNamePattern.test(name)
}

function isVisible(name: string): boolean {
  return !name.startsWith('.') && name !== 'node_modules'
}

export function directoryOf(source: Source): string {
  return source.kind === 'file' ? dirname(source.file.path) : source.path
}

const unusableName =
  'the name before the extension becomes part of URLs: use letters, digits, ., _ and -'

function noneWhenAbsent(error: Error): never[] {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return []
  throw error
}

function toSourceFile(path: string, source: string, explicit: boolean): SourceFile {
  return { name: basename(path, extname(path)), path, source, explicit, writable: false }
}
