import { readFile } from 'node:fs/promises'
import type { FileProblem } from './problem.ts'
import { storableProblems } from './storable.ts'

/** A file's text, or why there is none. */
export type ReadText = (path: string) => Promise<string | Error>

export async function readTextFile(path: string): Promise<string | Error> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

export function unreadable(error: Error): FileProblem {
  const code = 'code' in error ? error.code : undefined
  const messages: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'the file may not be read; check its permissions',
    EISDIR: 'this is a directory, not a file',
  }
  const message = messages[String(code)] ?? `the file cannot be read (${code ?? error.message})`
  return { line: 1, column: 1, message }
}

export function unstorable(text: string): string | undefined {
  return storableProblems(text)[0]?.message
}
