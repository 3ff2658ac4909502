import type { AgentFile } from '#contract/agent-file.ts'
import type { FileProblem } from './problem.ts'
import type { ReadText } from './text-file.ts'

/** What a format gets to read a source with. */
export type LoadContext = {
  baseDirectory: string
  environment: Record<string, string | undefined>
  readText: ReadText
}

/** What a source is made of, whatever it is written in. */
export type AgentParts = {
  /** The other files that were read, there or not; absolute. */
  dependencies: string[]
} & (
  | {
      /** Where the source says what it is called. */
      name?: string
      file: AgentFile
      promptFiles?: Map<string, string | null>
    }
  | { problems: FileProblem[] }
)
