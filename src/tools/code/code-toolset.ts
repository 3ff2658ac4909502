import { type CodeTool, CodeToolset } from '#contract/toolset-code.ts'
import type { Tool, ToolsetFactory } from '#runtime/tool.ts'
import { readEntry, toolsetOf } from '../toolset-config.ts'
import type { CodeLanguage, CodeRunner } from './code-runner.ts'

/**
 * Makes the factory of code toolsets. The files that an entry names were read with the agent file,
 * so that a version of an agent stays what it was.
 */
export function createCodeToolset({ runner }: { runner: CodeRunner }): ToolsetFactory {
  return (config) => {
    const { python = [], javascript = [], timeout, ...own } = readEntry('code', CodeToolset, config)
    const toTool = (language: CodeLanguage) => (entry: CodeTool) =>
      createTool(runner, language, entry, timeout)
    const all = [...python.map(toTool('python')), ...javascript.map(toTool('javascript'))]
    const toolset = toolsetOf('code', all, own)
    const languages: CodeLanguage[] = [
      ...(python.length > 0 ? ['python' as const] : []),
      ...(javascript.length > 0 ? ['javascript' as const] : []),
    ]
    return {
      ...toolset,
      async tools(session) {
        refuseWithoutAny(runner, languages)
        return await toolset.tools(session)
      },
    }
  }
}

function createTool(
  runner: CodeRunner,
  language: CodeLanguage,
  { name, description, code, schema, timeout }: CodeTool,
  defaultTimeout: number | undefined,
): Tool {
  if (code === undefined) throw new Error(`toolset code: the file of the tool ${name} was not read`)
  const seconds = timeout ?? defaultTimeout
  return runner.createTool({
    name,
    language,
    code,
    schemaJson: schema,
    ...(description === undefined ? {} : { description }),
    ...(seconds === undefined ? {} : { timeout: seconds }),
  })
}

/** While one language runs, a tool in the other is there, and a call of it is told why it cannot. */
function refuseWithoutAny({ support }: CodeRunner, languages: CodeLanguage[]): void {
  const reasons = new Set<string>()
  for (const language of languages) {
    const found = support[language]
    if (found.isAvailable) return
    reasons.add(found.why)
  }
  if (reasons.size > 0) throw new Error([...reasons].join(' '))
}
