import { parseArgs } from 'node:util'
import { didYouMean } from '#agents/nearest.ts'
import { UsageError } from './failure.ts'
import type { Option } from './options.ts'

/** Where a value came from, for messages: `--listen` or `PARLEY_LISTEN`. */
export type Given = { origin: string; values: string[] }

export type Arguments = { positionals: string[]; given: Map<Option['name'], Given> }

/** Parts flags from the rest; an unknown flag or a missing value is a `UsageError`. */
export function readArguments(argv: readonly string[], options: readonly Option[]): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      options.map(({ name, value }) => [name, { type: value ? 'string' : 'boolean' }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const positionals: string[] = []
  const given = new Map<Option['name'], Given>()
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option = findOption(token.rawName, token.name, options)
    const value = readValue(option, token.value, token.inlineValue === true)
    const before = option.many ? (given.get(option.name)?.values ?? []) : []
    given.set(option.name, { origin: `--${option.name}`, values: [...before, value] })
  }
  return { positionals, given }
}

function findOption(rawName: string, name: string, options: readonly Option[]): Option {
  const option = options.find((candidate) => candidate.name === name)
  if (option && rawName.startsWith('--')) return option
  const names = options.map((candidate) => `--${candidate.name}`)
  const hint = didYouMean(rawName, names) || '; --help lists the flags'
  throw new UsageError(`unknown flag ${rawName}${hint}`)
}

function readValue(option: Option, value: string | undefined, isInline: boolean): string {
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${option.name} takes no value`)
    return 'true'
  }
  if (value === undefined || value === '' || (!isInline && value.startsWith('-'))) {
    throw new UsageError(`--${option.name} needs a value: --${option.name} ${option.value}`)
  }
  return value
}
