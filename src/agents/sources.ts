import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { AgentFileError } from './problem.ts'

/** A file that is served as one agent. */
export type SourceFile = {
  /** The `{agent}` of the routes: the file's stem. */
  name: string
  /** Absolute. */
  path: string
  /** As people know it: the way it was named on the command line. */
  source: string
  /** Named itself, and not only its directory. */
  explicit: boolean
}

/** What was named on the command line. */
export type Source =
  | { kind: 'file'; file: SourceFile }
  | { kind: 'directory'; path: string; source: string }

const extensions = new Set(['.yaml', '.yml', '.json'])
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/

/** Throws an `AgentFileError` for a path that is not there or cannot be a name. */
export async function resolveSource(source: string, directory: string): Promise<Source> {
  const path = resolve(directory, source)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    throw new AgentFileError([`${source}: there is no such file or directory`])
  }
  if (found.isDirectory()) return { kind: 'directory', path, source }
  const file = toSourceFile(path, source, true)
  if (!namePattern.test(file.name)) {
    throw new AgentFileError([`${source}: ${unusableName}`])
  }
  return { kind: 'file', file }
}

/** The files that a source stands for now; a directory that is gone has none. May reject. */
export async function listSource(source: Source): Promise<SourceFile[]> {
  if (source.kind === 'file') return [source.file]
  const names = await readdir(source.path).catch(noneWhenAbsent)
  return names
    .filter((name) => extensions.has(extname(name).toLowerCase()) && namePattern.test(name))
    .sort()
    .map((name) => toSourceFile(join(source.path, name), join(source.source, name), false))
}

export function directoryOf(source: Source): string {
  return source.kind === 'file' ? dirname(source.file.path) : source.path
}

const unusableName =
  'the name before the extension becomes part of URLs: use letters, digits, ., _ and -'

function noneWhenAbsent(error: Error): string[] {
  if ('code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return []
  throw error
}

function toSourceFile(path: string, source: string, explicit: boolean): SourceFile {
  return { name: basename(path, extname(path)), path, source, explicit }
}
