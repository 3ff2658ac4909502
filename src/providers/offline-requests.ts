import type { ModelRequest } from '#runtime/model.ts'

type Tools = ModelRequest['tools']

export type OfflineCall = { name: string; args: Record<string, unknown> }

/** What a person's message asks for. */
export type UnderstoodRequest =
  | { type: 'call'; call: OfflineCall }
  | { type: 'fault'; message: string }
  | { type: 'greeting' }
  | { type: 'unknown' }

/** Reads a message by the rules below; only tools that the agent has are ever called. */
export function readRequest(message: string, tools: Tools): UnderstoodRequest {
  if (message.length > longestMessage) {
    return { type: 'fault', message: `I read at most ${longestMessage} characters.` }
  }
  const text = politeless(message)
  const sentence = text.replace(/\s+/g, ' ').replace(/(?<=[\w"'”)/])[.?!]+$/, '')
  if (/^(hello|hi|hey|good (morning|evening)|help|what can you do)\b.{0,40}$/i.test(sentence)) {
    return { type: 'greeting' }
  }
  const direct = readDirectCall(text, tools)
  if (direct) return direct
  for (const rule of rules) {
    const match = rule.pattern.exec(rule.isVerbatim ? text : sentence)
    if (!match) continue
    const call = rule.toCall(match.slice(1).map((part) => part ?? ''))
    if (has(tools, call.name)) return { type: 'call', call }
    return { type: 'fault', message: missingTool(call.name, tools) }
  }
  return { type: 'unknown' }
}

/** One line for each kind of request that works with these tools. */
export function simpleRequests(tools: Tools): string[] {
  const lines = rules.flatMap(({ tool, example }) => (has(tools, tool) && example ? [example] : []))
  const anyTool = tools[0]
  if (anyTool)
    lines.push(`call NAME with {…} (any tool: ${tools.map((tool) => tool.name).join(', ')})`)
  return [...new Set(lines)]
}

/** The rules look ahead and back; what they read is kept short. */
const longestMessage = 4000

type Rule = {
  tool: string
  /** The end of the message is text to keep as it is. */
  isVerbatim?: true
  /** How a person says it; null where another rule of the tool shows it already. */
  example: string | null
  pattern: RegExp
  toCall(parts: string[]): OfflineCall
}

/** The first that matches counts, so what is narrower stands first. */
const rules: Rule[] = [
  rule({
    tool: 'create_todo',
    isVerbatim: true,
    example: 'add a todo: water the plants',
    pattern: /^(?:remember|add (?:a )?todo|todo|note)(?:\s*:|\s+(?:to|that)\b)?\s+(.+)$/is,
    toArguments: ([description = '']) => ({ description }),
  }),
  rule({
    tool: 'list_todos',
    example: 'what are my todos',
    pattern:
      /^(?:what are|what's on|list|show)\s+(?:me\s+)?(?:all\s+)?(?:my |the )?(?:todos?|todo list)\W*$/i,
    toArguments: () => ({}),
  }),
  rule({
    tool: 'update_todos',
    example: 'finish todo_1',
    pattern: /^(?:finish|complete|done with|check off)\s+(?:todo[_ ]?)?(\d+)\W*$/i,
    toArguments: ([number = '']) => ({ updates: [{ id: `todo_${number}`, status: 'completed' }] }),
  }),
  rule({
    tool: 'transfer_task',
    isVerbatim: true,
    example: 'delegate to AGENT: TASK',
    pattern: /^(?:transfer|delegate|hand over)\s+(?:it |this )?to\s+([\w-]+)\s*[:,]\s*(.+)$/is,
    toArguments: ([agent = '', task = '']) => ({
      agent,
      task: task.trim(),
      expected_output: 'A short answer',
    }),
  }),
  rule({
    tool: 'fetch',
    example: 'fetch https://example.org',
    pattern: /^(?:fetch|get|read|open|show|visit)\s+(?:me\s+)?(?:the page\s+)?(https?:\/\/\S+)$/i,
    toArguments: ([url = '']) => ({ urls: [url] }),
  }),
  rule({
    tool: 'user_prompt',
    isVerbatim: true,
    example: 'ask me something',
    pattern: /^ask me(?:\s+(?:something|anything|a question))?(?:\s*:|\s+about)?\s*(.*)$/is,
    toArguments: ([question = '']) => ({
      message: question.trim() || 'What would you like to say?',
    }),
  }),
  rule({
    tool: 'think',
    isVerbatim: true,
    example: 'think about the plan',
    pattern: /^think(?:\s+about|\s*:)?\s+(.+)$/is,
    toArguments: ([thought = '']) => ({ thought }),
  }),
  rule({
    tool: 'search_files_content',
    example: 'search for TEXT',
    pattern: /^(?:search|find|grep)\s+(?:the files\s+)?(?:for\s+)?(.+?)(?:\s+in\s+(\S+))?$/i,
    toArguments: ([query = '', path = '']) => ({ query: bare(query), ...pathIfAny(path) }),
  }),
  rule({
    tool: 'create_directory',
    example: 'create the directory notes',
    pattern: /^(?:create|make)\s+(?:a |the )?(?:directory|folder)\s+(?:called |named )?(\S+)$/i,
    toArguments: ([path = '']) => ({ path: bare(path) }),
  }),
  rule({
    tool: 'remove_directory',
    example: null,
    pattern: /^(?:remove|delete)\s+(?:the )?(?:directory|folder)\s+(\S+)$/i,
    toArguments: ([path = '']) => ({ path: bare(path) }),
  }),
  rule({
    tool: 'write_file',
    isVerbatim: true,
    example: 'write notes.md with TEXT',
    pattern:
      /^(?:write|create|save)\s+(?:a |the )?(?:file\s+)?(?:called |named )?(\S+)\s+(?:with|containing|saying)(?:\s+the (?:text|content))?\s*:?\s+(.+)$/is,
    toArguments: ([path = '', content = '']) => ({ path: bare(path), content: unquoted(content) }),
  }),
  rule({
    tool: 'write_file',
    isVerbatim: true,
    example: null,
    pattern: /^(?:write|save)\s+(\S.*)\s+(?:to|into|in|as) (?:the file )?(\S+)$/is,
    toArguments: ([content = '', path = '']) => ({ path: bare(path), content: unquoted(content) }),
  }),
  rule({
    tool: 'directory_tree',
    example: 'show the tree',
    pattern:
      /^(?:show|list|print)?\s*(?:me\s+)?(?:the\s+)?(?:directory\s+)?tree(?:\s+(?:of|in|under)\s+(\S+))?$/i,
    toArguments: ([path = '']) => pathIfAny(path),
  }),
  rule({
    tool: 'list_directory',
    example: 'list the files',
    pattern:
      /^(?:ls|(?:list|show|what are|which are)\s+(?:me\s+)?(?:all\s+)?(?:of\s+)?(?:the |my )?(?:files|folders|directories|directory|folder)|(?:what|which) files (?:are there|do you (?:have|see)|are))(?:\s+(?:there\s+)?(?:in|of|under)?\s*(?:the (?:directory|folder)\s+)?(\S+))?$/i,
    toArguments: ([path = '']) => pathIfAny(path),
  }),
  rule({
    tool: 'list_directory',
    example: null,
    pattern: /^(?:what is|what's|what do you have)\s+in\s+(?:(?:the |my |your )?workspace|(\S+))$/i,
    toArguments: ([path = '']) => pathIfAny(path),
  }),
  rule({
    tool: 'read_file',
    example: 'read README.md',
    pattern: /^(?:read|show|open|cat|print)\s+(?:me\s+)?(?:the\s+)?(?:file\s+)?(\S+)$/i,
    toArguments: ([path = '']) => ({ path: bare(path) }),
  }),
]

function rule({
  toArguments,
  ...described
}: Omit<Rule, 'toCall'> & { toArguments(parts: string[]): Record<string, unknown> }): Rule {
  return { ...described, toCall: (parts) => ({ name: described.tool, args: toArguments(parts) }) }
}

/** `call NAME with {json}`: any tool, the client's own too. */
function readDirectCall(text: string, tools: Tools): UnderstoodRequest | null {
  const match = /^(?:call|use|run)\s+(?:the tool\s+)?([\w.-]+)(?:\s+with\s+(\{.*\}))?$/is.exec(text)
  const name = match?.[1]
  if (!match || name === undefined) return null
  if (!has(tools, name)) return { type: 'fault', message: missingTool(name, tools) }
  const args = parseObject(match[2] ?? '{}')
  if (args) return { type: 'call', call: { name, args } }
  const message = `What stands after "with" is not a JSON object. Write: call ${name} with {"key": "value"}.`
  return { type: 'fault', message }
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? Object.fromEntries(Object.entries(value)) : null
  } catch {
    return null
  }
}

function missingTool(name: string, tools: Tools): string {
  const names = tools.map((tool) => tool.name).join(', ')
  return `That needs the tool ${name}, which this agent does not have. ${names ? `It has: ${names}.` : 'It has no tools.'}`
}

function has(tools: Tools, name: string): boolean {
  return tools.some((tool) => tool.name === name)
}

function politeless(message: string): string {
  return message
    .trim()
    .replace(/^(?:please|can you|could you|would you)\s+/i, '')
    .replace(/,?\s+please[.?!]*$/i, '')
}

/** A name as it stands in a sentence, without the quotation marks around it. */
function bare(name: string): string {
  return unquoted(name).replace(/[,;]$/, '')
}

function unquoted(text: string): string {
  return text.trim().replace(/^["'`“‘](.*)["'`”’]$/s, '$1')
}

function pathIfAny(path: string): { path?: string } {
  return path === '' ? {} : { path: bare(path) }
}
