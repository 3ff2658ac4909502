import type { AgentTool, AgentToolPatch, NewAgentTool } from '#contract/agent-tool.ts'
import { type FieldError, Problem } from '#contract/problem.ts'
import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { Act } from './agent-home.ts'
import type { Author } from './agent-rows.ts'
import {
  type CodeTool,
  codeToolsOfFile,
  toAgentTool,
  withCodeTool,
  withoutCodeTool,
} from './code-tools.ts'
import type { CodeChecker } from './edit-checks.ts'
import type { AgentEditor, Guard } from './editor.ts'

type ToolChange = { tool: AgentTool; snapshot: AgentSnapshot }

/** Tools in Python and JavaScript of the agent that answers when none is named. */
export function createToolEditor({
  editor,
  catalog,
  code,
}: {
  editor: Pick<AgentEditor, 'change'>
  catalog: Pick<AgentCatalog, 'of'>
  code: CodeChecker
}) {
  function codeTool({ scope }: Author, agent: string, name: string): CodeTool | undefined {
    const snapshot = catalog.of(scope.tenant).get(agent)
    return snapshot && codeToolsOfFile(snapshot.file).find((tool) => tool.name === name)
  }

  async function save(act: Act, agent: string, guard: Guard, tool: CodeTool): Promise<ToolChange> {
    const snapshot = await editor.change(act, agent, guard, (file) => {
      const isKnown = codeToolsOfFile(file).some(({ name }) => name === tool.name)
      if (isKnown && act.operation === 'createAgentTool') throw taken(agent, tool.name)
      if (!isKnown && act.operation === 'updateAgentTool') throw missing(agent, tool.name)
      return withCodeTool(file, tool)
    })
    return { tool: toAgentTool(tool), snapshot }
  }

  async function check({ name, language, code: text }: CodeTool, schemaJson: unknown) {
    const errors = await code.check({ name, language, code: text, schemaJson })
    if (errors.length > 0) throw invalid(errors)
  }

  return {
    /** Those that are made of code, with it. */
    list: ({ file }: AgentSnapshot): AgentTool[] => codeToolsOfFile(file).map(toAgentTool),
    async create(author: Author, agent: string, input: NewAgentTool, guard: Guard) {
      const { name, schema_json, python_code, javascript_code = '' } = input
      const part = python_code === undefined ? javascript(javascript_code) : python(python_code)
      const tool = { name, ...part, schema: {} }
      await check(tool, schema_json)
      const act: Act = { author, operation: 'createAgentTool', change: 'updated' }
      return save(act, agent, guard, { ...tool, schema: readSchema(schema_json) })
    },
    async update(
      author: Author,
      agent: string,
      { name, patch }: { name: string; patch: AgentToolPatch },
      guard: Guard,
    ) {
      const known = codeTool(author, agent, name)
      if (!known) throw missing(agent, name)
      const { schema_json, python_code, javascript_code } = patch
      const tool = {
        ...known,
        ...(python_code !== undefined && python(python_code)),
        ...(javascript_code !== undefined && javascript(javascript_code)),
      }
      await check(tool, schema_json ?? known.schema)
      const schema = schema_json === undefined ? known.schema : readSchema(schema_json)
      const act: Act = { author, operation: 'updateAgentTool', change: 'updated' }
      return save(act, agent, guard, { ...tool, schema })
    },
    async remove(author: Author, agent: string, name: string, guard: Guard): Promise<void> {
      const act: Act = { author, operation: 'deleteAgentTool', change: 'updated' }
      await editor.change(act, agent, guard, (file) => {
        if (!codeToolsOfFile(file).some((tool) => tool.name === name)) throw missing(agent, name)
        return withoutCodeTool(file, name)
      })
    },
  }
}

function python(code: string) {
  return { language: 'python' as const, code }
}

function javascript(code: string) {
  return { language: 'javascript' as const, code }
}

/** Text that the check found to be an object, or nothing. */
function readSchema(text: string): unknown {
  return text.trim() === '' ? {} : JSON.parse(text)
}

function taken(agent: string, name: string): Problem {
  return new Problem('conflict', `Agent ${agent} has a tool ${name} already; update that one`)
}

function missing(agent: string, name: string): Problem {
  return new Problem(
    'not_found',
    `Agent ${agent} has no tool ${name} that is made of code; listAgentTools names its tools`,
  )
}

function invalid(errors: FieldError[]): Problem {
  const [first] = errors
  return new Problem('agent_invalid', `${first?.path}: ${first?.message}`, { errors })
}
