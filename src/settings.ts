import { resolve } from 'node:path'
import type { Given } from './commands/arguments.ts'
import { ConfigError, UsageError } from './commands/failure.ts'
import type { Option } from './commands/options.ts'
import { serveOptions } from './commands/options.ts'

/** Variables of the environment; keys of model providers are read from here and never logged. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the operator gave, by the names of the flags. */
export type Settings = Map<Option['name'], Given>

/** What was given as a flag, else by its variable; an empty variable is not set. */
export function withVariables(
  given: Settings,
  environment: Environment,
  options: readonly Option[] = serveOptions,
): Settings {
  const settings = new Map(given)
  for (const { name, variables, many } of options) {
    const variable = variables.find((candidate) => environment[candidate])
    const value = variable === undefined ? undefined : environment[variable]
    if (settings.has(name) || variable === undefined || value === undefined) continue
    const values = many ? value.split(',').map((part) => part.trim()) : [value]
    settings.set(name, { origin: variable, values: values.filter((part) => part !== '') })
  }
  return settings
}

export function lastOf(given: Given | undefined): string | undefined {
  return given?.values.at(-1)
}

export function readPath(given: Given | undefined, directory: string): string | undefined {
  const path = lastOf(given)
  return path === undefined ? undefined : resolve(directory, path)
}

export function readSwitch(given: Given | undefined): boolean {
  const text = lastOf(given)?.toLowerCase()
  if (text === undefined || ['0', 'false', 'no', 'off'].includes(text)) return false
  if (['1', 'true', 'yes', 'on'].includes(text)) return true
  throw invalid(given, `${JSON.stringify(text)} is neither true nor false`)
}

export function readSeconds(given: Given | undefined, otherwise: number): number {
  const text = lastOf(given)
  if (text === undefined) return otherwise
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw invalid(given, `${JSON.stringify(text)} is no whole number of seconds`)
}

export function readCount(given: Given | undefined, otherwise: number): number {
  const text = lastOf(given)
  if (text === undefined) return otherwise
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw invalid(given, `${JSON.stringify(text)} is no whole number up to 999999`)
}

/** As many as a timer can count; zero is for never. */
export function readMinutes(given: Given | undefined): number | undefined {
  const text = lastOf(given)
  if (text === undefined) return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= 35_000) return Number(text) || undefined
  throw invalid(given, `${JSON.stringify(text)} is no whole number of minutes up to 35000`)
}

/** One of a few words. */
export function readChoice<Choice extends string>(
  given: Given | undefined,
  choices: readonly Choice[],
  otherwise: Choice,
): Choice {
  const text = lastOf(given) ?? otherwise
  const choice = choices.find((candidate) => candidate === text)
  if (choice !== undefined) return choice
  throw invalid(given, `${JSON.stringify(text)} is none of ${choices.join(', ')}`)
}

/** Of a flag it is a wrong use, of a variable a wrong configuration: they exit differently. */
export function invalid(given: Given | undefined, message: string): Error {
  const origin = given?.origin ?? ''
  const text = `${origin}: ${message}`
  return origin.startsWith('--') ? new UsageError(text) : new ConfigError(text)
}
