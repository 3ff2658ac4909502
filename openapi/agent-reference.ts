import { readFile, writeFile } from 'node:fs/promises'

/**
 * Writes docs/agent-reference.md: every field of agent files, from the committed JSON Schema. With
 * `--check` it compares instead, and fails when the committed page is old.
 */
type Schema = {
  type?: string | string[]
  description?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  required?: string[]
}

const target = new URL('../docs/agent-reference.md', import.meta.url)
const source = new URL('agent-file.schema.json', import.meta.url)
const text = toPage(JSON.parse(await readFile(source, 'utf8')))

if (!process.argv.includes('--check')) {
  await writeFile(target, text)
} else if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
  console.error('docs/agent-reference.md is old; run npm run openapi and commit it')
  process.exitCode = 1
}

function toPage(schema: Schema): string {
  const agent = entryOf(schema.properties?.agents)
  const sections = [
    section('The file', schema, ['agents', 'models', 'providers', 'mcps']),
    section('`agents.NAME`', agent, ['toolsets']),
    ...['models', 'providers', 'mcps'].map((name) =>
      section(`\`${name}.NAME\``, entryOf(schema.properties?.[name])),
    ),
    ...variants(agent?.properties?.toolsets?.items).map((toolset) =>
      section(`\`type: ${toolset.properties?.type?.const}\``, toolset, [], ['type']),
    ),
  ]
  return `# Agent files: every field

Made from the schema that checks them, [agent-file.schema.json](../openapi/agent-file.schema.json), by \`npm run openapi\`.
[agents.md](agents.md) tells how to write one, [tools.md](tools.md) what the toolsets do. A field that is not here is an
error that names the nearest one. Bold fields must be there.

${sections.join('\n')}`
}

/** The fields of one object, those of objects in it below with their path; not of what is `apart`. */
function section(
  title: string,
  schema: Schema | undefined,
  apart: string[] = [],
  hidden: string[] = [],
): string {
  const rows = fieldsOf(schema, '', apart).filter(({ path }) => !hidden.includes(path))
  const lines = rows.map(
    ({ path, required, type, description }) =>
      `| ${required ? `**\`${path}\`**` : `\`${path}\``} | ${type} | ${description} |`,
  )
  return `## ${title}\n\n| field | type | what it does |\n| --- | --- | --- |\n${lines.join('\n')}\n`
}

type Field = { path: string; required: boolean; type: string; description: string }

function fieldsOf(schema: Schema | undefined, prefix: string, apart: string[]): Field[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    const own = {
      path,
      required: schema?.required?.includes(name) ?? false,
      type: typeOf(field),
      description: inCell(field.description ?? ''),
    }
    return apart.includes(path) ? [own] : [own, ...fieldsOf(...below(field, path), apart)]
  })
}

/** What has fields of its own in a field: an object, the entries of a list, the values of a map. */
function below(field: Schema, path: string): [Schema | undefined, string] {
  const all = [field, ...variants(field)]
  const object = all.find(({ properties }) => properties)
  if (object) return [object, `${path}.`]
  const entry = all.find(({ items }) => items?.properties)
  if (entry) return [entry.items, `${path}[].`]
  const map = all.map(entryOf).find((value) => value?.properties)
  return [map, `${path}.NAME.`]
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum) return schema.enum.map(code).join(', ')
  const all = variants(schema)
  if (all.length > 0) return [...new Set(all.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`
  const value = entryOf(schema)
  if (value) return `map of ${typeOf(value)}`
  const { type = 'anything' } = schema
  return Array.isArray(type) ? type.join(' or ') : type
}

function variants(schema: Schema | undefined): Schema[] {
  return schema?.anyOf ?? schema?.oneOf ?? []
}

function entryOf(schema: Schema | undefined): Schema | undefined {
  const value = schema?.additionalProperties
  return typeof value === 'object' && Object.keys(value).length > 0 ? value : undefined
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function inCell(description: string): string {
  return description.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
