import { z } from '@hono/zod-openapi'
import { JsonSchema } from './tool.ts'
import { anyToolNames, commonFields, toolNames } from './toolset.ts'

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'this is no name of a variable')
  .refine((name) => !isReserved(name), {
    message: 'the shell itself or the loader of programs reads this variable; use another name',
  })
const argument = variable.refine((name) => !/^(PATH|HOME|LANG|TMPDIR)$/.test(name), {
  message: 'this variable is not for arguments; use another name',
})
const env = z
  .record(variable, z.string())
  .describe(
    "Environment of the commands, beside PATH, HOME, LANG and TMPDIR; `${env.NAME}` takes a variable of the server's",
  )
  .optional()

export const ShellToolset = z
  .object({
    type: z.literal('shell').describe('Run shell commands; only with --enable-shell'),
    path: z
      .string()
      .min(1)
      .describe("Where commands run; by default the session's working_dir, else the workspace")
      .optional(),
    env,
    tools: toolNames([
      'shell',
      'run_background_job',
      'list_background_jobs',
      'view_background_job',
      'stop_background_job',
    ]),
    ...commonFields,
  })
  .strict()
  .openapi('ShellToolset')

export const Script = z
  .object({
    cmd: z
      .string()
      .min(1)
      .max(100_000)
      .describe('For /bin/sh; arguments are variables in it: "$name"'),
    description: z.string().describe('What the model is told it does').optional(),
    args: z
      .record(argument, JsonSchema)
      .describe('The arguments by name, each with its JSON Schema; text when it names no type')
      .optional(),
    required: z
      .array(z.string())
      .describe('Arguments that must be given; all of them when missing')
      .optional(),
    env,
    working_dir: z
      .string()
      .min(1)
      .describe("Where it runs; by default the session's working_dir, else beside this file")
      .optional(),
  })
  .strict()
  .refine(({ args = {}, required = [] }) => required.every((name) => Object.hasOwn(args, name)), {
    message: 'required names an argument that is not under args',
    path: ['required'],
  })
  .openapi('Script', { description: 'A command as a tool of its own' })
export type Script = z.infer<typeof Script>

export const ScriptToolset = z
  .object({
    type: z.literal('script').describe('Commands as tools; only with --enable-shell'),
    shell: z
      .record(
        z
          .string()
          .regex(
            /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/,
            'a name is up to 64 letters, digits, _ and -, and starts with a letter',
          ),
        Script,
      )
      .describe('The tools by name'),
    tools: anyToolNames,
    ...commonFields,
  })
  .strict()
  .openapi('ScriptToolset')

/** Whoever may set one of these decides what runs. */
function isReserved(name: string): boolean {
  return /^(IFS|ENV|BASH_ENV|BASHOPTS|SHELLOPTS|PS4|PROMPT_COMMAND|BASH_FUNC_.*|LD_.*|DYLD_.*)$/.test(
    name,
  )
}
