import { AgentFile } from '#contract/agent-file.ts'
import { checkAgentFile } from './checks.ts'
import type { FilePath, FileProblem, PathProblem } from './problem.ts'
import { schemaProblems } from './schema-problems.ts'
import { storableProblems } from './storable.ts'
import type { YamlSource } from './yaml-source.ts'
import { readYaml } from './yaml-source.ts'

export type ParsedAgentFile =
  | {
      file: AgentFile
      /** Gives problems that are found later their lines. */
      place(problems: PathProblem[]): FileProblem[]
      /** Where a path stands. */
      at(path: FilePath): { line: number; column: number }
    }
  | { problems: FileProblem[] }

/** Reads an agent file, or says everything that is wrong with it, in the order of its lines. */
export function parseAgentFile(
  text: string,
  { environment }: { environment: Record<string, string | undefined> },
): ParsedAgentFile {
  const source = readYaml(text)
  if ('problems' in source) return source
  if (source.value === null || source.value === undefined) {
    return { problems: [{ line: 1, column: 1, message: 'the file is empty; agents: is needed' }] }
  }
  const checked = checkAgentValue(source.value, { environment })
  if ('problems' in checked) return { problems: placed(source, checked.problems) }
  return {
    file: checked.file,
    place: (later) => placed(source, later),
    at: (path) => source.locate(path),
  }
}

/** The same for a file that was read already, as JSON or from another format. */
export function checkAgentValue(
  value: unknown,
  { environment }: { environment: Record<string, string | undefined> },
): { file: AgentFile } | { problems: PathProblem[] } {
  const unstorable = storableProblems(value)
  if (unstorable.length > 0) return { problems: unstorable }
  const parsed = AgentFile.safeParse(value)
  if (!parsed.success) return { problems: schemaProblems(parsed.error.issues, value) }
  const file = toExact(parsed.data)
  const problems = checkAgentFile(file, environment)
  return problems.length > 0 ? { problems } : { file: withoutZeros(file) }
}

function placed(source: YamlSource, problems: PathProblem[]): FileProblem[] {
  return problems
    .map(({ path, message, atKey = false }) => ({
      ...source.locate(path, { atKey }),
      message: path.length === 0 ? message : `${path.join('.')}: ${message}`,
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
}

/** YAML knows no `undefined`, and zod adds no key that is not there, so none is in the result. */
function toExact(file: ReturnType<typeof AgentFile.parse>): AgentFile {
  return file as AgentFile
}

/** Zero means "no limit of mine" in these fields; the runtime reads that as: not there. */
function withoutZeros(file: AgentFile): AgentFile {
  const agents = Object.entries(file.agents).map(([name, agent]) => {
    const { max_iterations, num_history_items, ...rest } = agent
    return [
      name,
      {
        ...rest,
        ...(max_iterations ? { max_iterations } : {}),
        ...(num_history_items ? { num_history_items } : {}),
      },
    ]
  })
  return { ...file, agents: Object.fromEntries(agents) }
}
