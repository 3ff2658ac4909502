import { isObject, parseJson } from './json.ts'

/** A field that a person fills in, of a property of a JSON Schema. */
export type Field = {
  readonly name: string
  readonly label: string
  readonly description: string | undefined
  readonly isRequired: boolean
  readonly initial: FieldValue
  readonly kind: FieldKind
}

export type FieldValue = string | boolean | readonly string[]

export type FieldKind =
  | { readonly type: 'text'; readonly input: 'text' | 'email' | 'url' | 'date' | 'datetime-local' }
  | { readonly type: 'long_text' }
  | { readonly type: 'number'; readonly isInteger: boolean }
  | { readonly type: 'switch' }
  | { readonly type: 'choice'; readonly options: readonly Option[] }
  | { readonly type: 'choices'; readonly options: readonly Option[] }
  /** What no field fits, as JSON. */
  | { readonly type: 'json' }

export type Option = { readonly value: string; readonly label: string; readonly content: unknown }

/** The fields of an object's schema; none when it asks for nothing. */
export function fieldsOf(schema: Record<string, unknown> | undefined): Field[] {
  const properties = isObject(schema?.properties) ? schema.properties : {}
  const required = Array.isArray(schema?.required) ? schema.required : []
  return Object.entries(properties).map(([name, value]) => {
    const property = isObject(value) ? value : {}
    const kind = kindOf(property)
    return {
      name,
      label: textOf(property.title) ?? name,
      description: textOf(property.description),
      isRequired: required.includes(name),
      initial: initialOf(kind, property.default),
      kind,
    }
  })
}

/** What the fields say, or what is wrong with them by name. The server checks the rest. */
export function readForm(
  fields: readonly Field[],
  values: Readonly<Record<string, FieldValue>>,
): { content: Record<string, unknown>; faults: Record<string, string> } {
  const content: Record<string, unknown> = {}
  const faults: Record<string, string> = {}
  for (const field of fields) {
    const read = readField(field, values[field.name] ?? field.initial)
    if ('fault' in read) faults[field.name] = read.fault
    else if (read.value !== undefined) content[field.name] = read.value
  }
  return { content, faults }
}

function kindOf(property: Record<string, unknown>): FieldKind {
  const options = optionsOf(property)
  if (options) return { type: 'choice', options }
  switch (typeOf(property)) {
    case 'string':
      return stringKind(property)
    case 'integer':
      return { type: 'number', isInteger: true }
    case 'number':
      return { type: 'number', isInteger: false }
    case 'boolean':
      return { type: 'switch' }
    case 'array': {
      const several = isObject(property.items) ? optionsOf(property.items) : undefined
      return several ? { type: 'choices', options: several } : { type: 'json' }
    }
    default:
      return { type: 'json' }
  }
}

/** The type beside null. */
function typeOf({ type }: Record<string, unknown>): unknown {
  return Array.isArray(type) ? type.find((name) => name !== 'null') : type
}

function stringKind({ format, maxLength }: Record<string, unknown>): FieldKind {
  const inputs = {
    email: 'email',
    uri: 'url',
    date: 'date',
    'date-time': 'datetime-local',
  } as const
  const input = Object.entries(inputs).find(([name]) => name === format)?.[1]
  if (input) return { type: 'text', input }
  return typeof maxLength === 'number' && maxLength > 300
    ? { type: 'long_text' }
    : { type: 'text', input: 'text' }
}

function optionsOf({
  enum: values,
  enumNames,
  oneOf,
  anyOf,
}: Record<string, unknown>): Option[] | undefined {
  if (Array.isArray(values)) {
    const names: unknown[] = Array.isArray(enumNames) ? enumNames : []
    return values.map((value, index) => toOption(value, textOf(names[index])))
  }
  const titled = Array.isArray(oneOf) ? oneOf : anyOf
  if (!Array.isArray(titled)) return undefined
  const options = titled.flatMap((one) =>
    isObject(one) && 'const' in one ? [toOption(one.const, textOf(one.title))] : [],
  )
  return options.length === titled.length && options.length > 0 ? options : undefined
}

function toOption(content: unknown, label: string | undefined): Option {
  const value = typeof content === 'string' ? content : JSON.stringify(content)
  return { value, label: label ?? value, content }
}

function initialOf(kind: FieldKind, given: unknown): FieldValue {
  switch (kind.type) {
    case 'switch':
      return given === true
    case 'choices':
      return Array.isArray(given) ? given.map((one) => toOption(one, undefined).value) : []
    case 'choice':
      return given === undefined ? '' : toOption(given, undefined).value
    case 'json':
      return given === undefined ? '' : JSON.stringify(given, null, 2)
    default:
      return given === undefined || given === null ? '' : String(given)
  }
}

type Read = { value: unknown } | { fault: string }

function readField({ kind, isRequired }: Field, value: FieldValue): Read {
  if (kind.type === 'switch') return { value: value === true }
  if (kind.type === 'choices') return readChoices(kind.options, value, isRequired)
  const text = typeof value === 'string' ? value : ''
  const isPlainText = kind.type === 'text' || kind.type === 'long_text'
  if ((isPlainText ? text : text.trim()) === '') {
    return isRequired ? { fault: 'This is needed.' } : { value: undefined }
  }
  switch (kind.type) {
    case 'number':
      return readNumber(text, kind.isInteger)
    case 'choice':
      return { value: kind.options.find((option) => option.value === text)?.content }
    case 'json': {
      const parsed = parseJson(text)
      return parsed === undefined ? { fault: 'This is not JSON yet.' } : { value: parsed }
    }
    case 'long_text':
      return { value: text }
    case 'text':
      return readText(text, kind.input)
  }
}

function readChoices(options: readonly Option[], value: FieldValue, isRequired: boolean): Read {
  const chosen = Array.isArray(value) ? value : []
  const contents = options
    .filter((option) => chosen.includes(option.value))
    .map(({ content }) => content)
  return contents.length === 0 && !isRequired ? { value: undefined } : { value: contents }
}

function readNumber(text: string, isInteger: boolean): Read {
  const number = Number(text)
  if (!Number.isFinite(number)) return { fault: 'This is not a number.' }
  if (isInteger && !Number.isInteger(number)) return { fault: 'This has to be a whole number.' }
  return { value: number }
}

/** A field for a time gives the person's own; the schema asks for one with its zone. */
function readText(text: string, input: Extract<FieldKind, { type: 'text' }>['input']): Read {
  if (input !== 'datetime-local') return { value: text }
  const time = new Date(text)
  return Number.isNaN(time.getTime())
    ? { fault: 'This is not a time.' }
    : { value: time.toISOString() }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
