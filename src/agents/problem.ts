/** What is wrong in an agent file, and where; line and column count from 1. */
export type FileProblem = { line: number; column: number; message: string }

/** A step into the file: a key or an index. */
export type FilePath = readonly (string | number)[]

/** A problem at a path, before it has a place in the text. */
export type PathProblem = {
  path: FilePath
  message: string
  /** The key itself is wrong, not what stands behind it. */
  atKey?: boolean
}

/** Agents that cannot be served. Each line says for itself what is wrong and where. */
export class AgentFileError extends Error {
  override name = 'AgentFileError'
  readonly lines: string[]

  constructor(lines: string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

export function problemLine(source: string, { line, column, message }: FileProblem): string {
  return `${source}:${line}:${column} ${message}`
}
