import type { AgentFile } from '#contract/agent-file.ts'
import type { AgentMention } from '#runtime/catalog.ts'
import type { FileProblem } from './problem.ts'
import type { ReadText } from './text-file.ts'

/** What a format gets to read a source with. */
export type LoadContext = {
  baseDirectory: string
  environment: Record<string, string | undefined>
  readText: ReadText
}

/** An agent of another source, and the place in the text where it is named. */
export type PlacedMention = AgentMention & { line: number; column: number }

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
      mentions?: PlacedMention[]
      notes?: FileProblem[]
    }
  | { problems: FileProblem[] }
)
