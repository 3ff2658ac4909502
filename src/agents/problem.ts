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

/** Why a source cannot be served. Each line names the file and where in it. */
export class AgentFileError extends Error {
  override name = 'AgentFileError'
  readonly source: string
  readonly problems: FileProblem[]

  constructor(source: string, problems: FileProblem[]) {
    super(problems.map((problem) => problemLine(source, problem)).join('\n'))
    this.source = source
    this.problems = problems
  }
}

export function problemLine(source: string, { line, column, message }: FileProblem): string {
  return `${source}:${line}:${column} ${message}`
}
