type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Document = { [key: string]: Json }

const methods = ['get', 'put', 'post', 'patch', 'delete']

/**
 * What a client of the old document would miss in the new one, a line each: operations and success
 * answers that are gone, fields that answers no longer have or promise, and what requests must now
 * bring. What only grows breaks nobody: clients ignore events and fields that they do not know.
 */
export function breakingChanges(before: Document, after: Document): string[] {
  return [...operations(before)].flatMap(([name, old]) => {
    const now = operations(after).get(name)
    if (now === undefined) return [`${name} is gone`]
    return [
      ...parameterChanges(name, old, now),
      ...requestChanges(name, { before, after, old, now }),
      ...answerChanges(name, { before, after, old, now }),
    ]
  })
}

function operations(document: Document): Map<string, Document> {
  const found = new Map<string, Document>()
  for (const [path, item] of Object.entries(toObject(document.paths))) {
    for (const method of methods) {
      const operation = toObject(item)[method]
      if (operation) found.set(`${method.toUpperCase()} ${path}`, toObject(operation))
    }
  }
  return found
}

function parameterChanges(name: string, old: Document, now: Document): string[] {
  const known = new Set(toList(old.parameters).map(parameterName))
  return toList(now.parameters)
    .filter((each) => toObject(each).required === true && !known.has(parameterName(each)))
    .map((each) => `${name} needs ${parameterName(each)}`)
}

function parameterName(parameter: Json): string {
  const { in: place, name, $ref } = toObject(parameter)
  return `${$ref ?? `${place} ${name}`}`
}

type Pair = { before: Document; after: Document; old: Document; now: Document }

function requestChanges(name: string, { before, after, old, now }: Pair): string[] {
  const request = { before, after, isAnswer: false }
  const [was, is] = [bodyOf(old.requestBody), bodyOf(now.requestBody)]
  if (was === undefined) {
    const isNeeded = toObject(now.requestBody).required === true
    return isNeeded ? [`${name} needs a body`] : []
  }
  if (is === undefined) return [`${name} takes no body any more`]
  return schemaChanges(`${name} request`, was, is, request)
}

function answerChanges(name: string, { before, after, old, now }: Pair): string[] {
  const answers = Object.entries(toObject(old.responses)).filter(([status]) => status < '300')
  return answers.flatMap(([status, was]) => {
    const is = toObject(now.responses)[status]
    if (is === undefined) return [`${name} answers no ${status} any more`]
    const [oldBody, newBody] = [bodyOf(dereference(was, before)), bodyOf(dereference(is, after))]
    if (oldBody === undefined) return []
    if (newBody === undefined) return [`${name} ${status} has no body any more`]
    return schemaChanges(`${name} ${status}`, oldBody, newBody, { before, after, isAnswer: true })
  })
}

/** The schema of the first kind of content. */
function bodyOf(holder: Json | undefined): Json | undefined {
  const [content] = Object.values(toObject(toObject(holder).content))
  return content === undefined ? undefined : toObject(content).schema
}

type Direction = { before: Document; after: Document; isAnswer: boolean }

function schemaChanges(
  where: string,
  old: Json,
  now: Json,
  direction: Direction,
  seen: ReadonlySet<string> = new Set(),
): string[] {
  // What refers to itself is compared once.
  const reference = `${toObject(old).$ref ?? ''}`
  if (reference !== '' && seen.has(reference)) return []
  const next = new Set([...seen, reference])
  const was = toObject(dereference(old, direction.before))
  const is = toObject(dereference(now, direction.after))
  const nested = (place: string, a: Json, b: Json) => schemaChanges(place, a, b, direction, next)
  return [
    ...typeChanges(where, was, is),
    ...enumChanges(where, was, is, direction),
    ...fieldChanges(where, was, is, { ...direction, nested }),
    ...(was.items !== undefined && is.items !== undefined
      ? nested(`${where}[]`, was.items, is.items)
      : []),
  ]
}

function typeChanges(where: string, was: Document, is: Document): string[] {
  if (was.type === undefined || is.type === undefined) return []
  const [old, now] = [JSON.stringify(was.type), JSON.stringify(is.type)]
  return old === now ? [] : [`${where} was ${old} and is ${now}`]
}

function enumChanges(
  where: string,
  was: Document,
  is: Document,
  { isAnswer }: Direction,
): string[] {
  if (isAnswer || !Array.isArray(was.enum) || !Array.isArray(is.enum)) return []
  const taken = is.enum
  return was.enum
    .filter((value) => !taken.includes(value))
    .map((value) => `${where} no longer takes ${JSON.stringify(value)}`)
}

function fieldChanges(
  where: string,
  was: Document,
  is: Document,
  {
    isAnswer,
    nested,
  }: { isAnswer: boolean; nested: (place: string, a: Json, b: Json) => string[] },
): string[] {
  const [old, now] = [toObject(was.properties), toObject(is.properties)]
  const [needed, needs] = [toList(was.required), toList(is.required)]
  const gone = Object.keys(old).filter((field) => !(field in now))
  const changes = gone.map((field) => `${where}.${field} is gone`)
  if (isAnswer) {
    const loose = needed.filter((field) => `${field}` in now && !needs.includes(field))
    changes.push(...loose.map((field) => `${where}.${field} may be missing`))
  } else {
    const added = needs.filter((field) => !needed.includes(field))
    changes.push(...added.map((field) => `${where} needs ${field}`))
  }
  const kept = Object.entries(old).flatMap(([field, schema]) => {
    const other = now[field]
    return other === undefined ? [] : nested(`${where}.${field}`, schema, other)
  })
  return [...changes, ...kept]
}

function dereference(value: Json, document: Document): Json {
  const { $ref } = toObject(value)
  if (typeof $ref !== 'string') return value
  const path = $ref.replace(/^#\//, '').split('/')
  return path.reduce<Json>((at, key) => toObject(at)[key] ?? {}, document)
}

function toObject(value: Json | undefined): Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

function toList(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}
