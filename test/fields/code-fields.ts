import { expect } from 'vitest'
import { inToolset } from './in-toolset.ts'
import { type Look, ofToolset, type Probe, told, toolsOf } from './probe.ts'

type Language = {
  name: 'javascript' | 'python'
  /** Files beside the agents. */
  file: string
  /** Answers with a text. */
  says(text: string): string
  /** Answers with its argument `word`. */
  echo: string
  /** Takes about a second. */
  slow: string
}

const javascript: Language = {
  name: 'javascript',
  file: './files/tool.js',
  says: (text) => `export const execute = () => '${text}'`,
  echo: 'export const execute = ({ word }) => word',
  slow: `export const execute = () => { let sum = 0; for (let i = 0; i < 1e7; i += 1) sum += i; return 'done' }`,
}

const python: Language = {
  name: 'python',
  file: './files/tool.py',
  says: (text) => `def execute(args):\n    return '${text}'`,
  echo: `def execute(args):\n    return args['word']`,
  slow: `import time\ndef execute(args):\n    time.sleep(1)\n    return 'done'`,
}

/** The fields of tools in Python and JavaScript. */
export const codeFields: Record<string, Probe> = inToolset('code', {
  ...fieldsOf(javascript),
  ...fieldsOf(python),
  timeout: ofCode(
    javascript,
    { code: javascript.slow },
    { code: javascript.slow },
    {
      field: { timeout: 0.2 },
      look: told('tool'),
      shows: expect.not.stringContaining('done'),
    },
  ),
})

function fieldsOf(language: Language): Record<string, Probe> {
  const { name, file, says, echo, slow } = language
  const code = says('in place')
  const schema = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] }
  const first: Look = async ({ run }) => toolsOf(await run())[0]
  const fields = {
    name: ofCode(
      language,
      { name: 'other', code },
      { code },
      { look: told('other'), shows: 'in place' },
    ),
    description: ofCode(
      language,
      { code, description: 'Answers' },
      { code },
      {
        look: first,
        shows: expect.objectContaining({ description: 'Answers' }),
      },
    ),
    file: ofCode(language, { file }, { code }, { look: told('tool'), shows: 'from the file' }),
    code: ofCode(language, { code }, { file }, { look: told('tool'), shows: 'in place' }),
    schema: ofCode(
      language,
      { code: echo, schema },
      { code: echo },
      {
        look: first,
        shows: expect.objectContaining({ parameters: schema }),
      },
    ),
    timeout: ofCode(
      language,
      { code: slow, timeout: 0.2 },
      { code: slow },
      {
        look: told('tool'),
        shows: expect.not.stringContaining('done'),
      },
    ),
  }
  return Object.fromEntries(
    Object.entries(fields).map(([field, probe]) => [`${name}.${field}`, probe]),
  )
}

/** An agent with one tool, and one with another; `field` stands beside the first. */
function ofCode(
  { name }: Language,
  tool: object,
  other: object,
  { look, shows, field = {} }: Pick<Probe, 'look' | 'shows'> & { field?: object },
): Probe {
  const withTool = (own: object) => ({ [name]: [{ name: 'tool', ...own }] })
  return ofToolset(
    'code',
    { ...withTool(tool), ...field },
    { unlike: withTool(other), look, shows },
  )
}
