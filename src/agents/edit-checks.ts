import { isDeepStrictEqual } from 'node:util'
import type { AgentFile } from '#contract/agent-file.ts'
import { type FieldError, Problem } from '#contract/problem.ts'
import { type ApiRules, apiProblems } from './api-rules.ts'
import { type CodeTool, codeToolsOf } from './code-tools.ts'
import { hiddenProblems } from './conceal.ts'
import { mentionsOf } from './mentions.ts'
import { didYouMean } from './nearest.ts'
import { checkAgentValue } from './parse.ts'
import type { PathProblem } from './problem.ts'

/** Looks at a tool in its sandbox; throws a `Problem` with `code_disabled` when there is none. */
export type CodeChecker = {
  check(tool: {
    name: string
    language: 'python' | 'javascript'
    code: string
    schemaJson: unknown
  }): Promise<FieldError[]>
}

export type EditChecks = {
  /**
   * Whether a content may be saved; what it is then. `before` is what was served, and with
   * `isTrusted` what stands there may stay although it could not come over the API. Throws a
   * `Problem` that names each field.
   */
  check(file: AgentFile, before?: AgentFile, isTrusted?: boolean): Promise<AgentFile>
  /** Why a content that was saved once would be refused now; its code is not looked at again. */
  problemsOf(file: AgentFile): string[]
}

export function createEditChecks({
  rules,
  code,
  environment,
}: {
  rules: ApiRules
  code: CodeChecker
  environment: Record<string, string | undefined>
}): EditChecks {
  return {
    problemsOf(file) {
      const checked = checkAgentValue(file, { environment })
      const problems = 'problems' in checked ? checked.problems : foreignProblems(checked.file)
      return [...apiProblems(file, rules), ...problems]
        .map(toFieldError)
        .map(({ path, message }) => `${path}: ${message}`)
    },
    async check(file, before, isTrusted = false) {
      refuse([...hiddenProblems(file), ...apiProblems(file, rules, isTrusted ? before : undefined)])
      const checked = checkAgentValue(file, { environment })
      if ('problems' in checked) throw invalid(checked.problems.map(toFieldError))
      refuse(foreignProblems(checked.file, isTrusted ? before : undefined))
      await checkCode(checked.file, before)
      return checked.file
    },
  }

  async function checkCode(file: AgentFile, before: AgentFile | undefined): Promise<void> {
    const known = before ? toolsOf(before) : []
    const tools = toolsOf(file).filter(
      ({ tool }) => !known.some((each) => isDeepStrictEqual(each.tool, tool)),
    )
    for (const { agentName, tool } of tools) {
      const { name, language, code: text, schema } = tool
      const problems = await code.check({ name, language, code: text, schemaJson: schema })
      if (problems.length === 0) continue
      const at = `config.agents.${agentName}.toolsets: ${name}`
      throw invalid(problems.map(({ path, message }) => ({ path, message: `${at}: ${message}` })))
    }
  }
}

/** Over the API an agent names those of its own file; what the operator's file names may stay. */
function foreignProblems(file: AgentFile, trusted?: AgentFile): PathProblem[] {
  const known = trusted ? mentionsOf(trusted).map(({ entry }) => entry) : []
  const names = Object.keys(file.agents)
  return mentionsOf(file).flatMap(({ path, entry }) => {
    if (known.includes(entry)) return []
    const hint = didYouMean(entry, names) || `; the agents are ${names.join(', ')}`
    return [{ path, message: `no agent ${entry} in this file${hint}` }]
  })
}

function toolsOf(file: AgentFile): { agentName: string; tool: CodeTool }[] {
  return Object.entries(file.agents).flatMap(([agentName, agent]) =>
    codeToolsOf(agent).map((tool) => ({ agentName, tool })),
  )
}

function refuse(problems: PathProblem[]): void {
  if (problems.length > 0) throw invalid(problems.map(toFieldError))
}

function toFieldError({ path, message }: PathProblem): FieldError {
  return { path: ['config', ...path].join('.'), message }
}

function invalid(errors: FieldError[]): Problem {
  const [first, ...others] = errors
  const more = others.length > 0 ? ` (and ${others.length} more, see errors)` : ''
  return new Problem('agent_invalid', `${first?.path}: ${first?.message}${more}`, { errors })
}
