/** Keeps secrets out of what is stored, shown and logged. */
export type Redaction = {
  /** What a part of an agent file refers to or holds in a place for secrets is one from now on. */
  learn(part: unknown): void
  /** The text with the name of each secret in its place. */
  text(text: string): string
  /** The same for every text inside a value, its keys too. */
  value<Value>(value: Value): Value
}

/**
 * Knows the secrets of the server: variables whose names say so, passwords in addresses, and what
 * agent files learn it. What is shorter than eight characters stands in many a text by chance and
 * is left.
 */
export function createRedaction({
  environment,
}: {
  environment: Readonly<Record<string, string | undefined>>
}): Redaction {
  const names = new Map<string, string>()
  let pattern: RegExp | null = null

  function add(name: string, secret: string): void {
    for (const form of formsOf(secret)) {
      if (form.length < shortest || names.has(form)) continue
      names.set(form, `[${name}]`)
      pattern = null
    }
  }

  function text(original: string): string {
    if (names.size === 0) return original
    pattern ??= patternOf([...names.keys()])
    return original.replace(pattern, (found) => names.get(found) ?? found)
  }

  /** What comes in has the same form as what goes out: only texts differ. */
  function value<Value>(original: Value): Value
  function value(original: unknown): unknown {
    if (typeof original === 'string') return text(original)
    if (typeof original !== 'object' || original === null) return original
    if (Array.isArray(original)) return original.map((item: unknown) => value(item))
    return Object.fromEntries(
      Object.entries(original).map(([key, item]) => [text(key), value(item)]),
    )
  }

  for (const [name, secret = ''] of Object.entries(environment)) {
    if (isSecretVariable(name)) add(name, secret)
    else for (const password of passwordsIn(secret)) add(name, password)
  }

  return {
    learn(part) {
      for (const { path, text: held } of textsIn(part)) {
        // Only among variables is `${NAME}` one; elsewhere it may be a place in an address or in code.
        const reference = path.includes('env') ? anyReference : envReference
        for (const [, name = ''] of held.matchAll(reference)) {
          if (!isOrdinary(name)) add(name, environment[name] ?? '')
        }
        if (path.at(-1) === 'token_key') add(held, environment[held] ?? '')
        else if (isSecretPlace(path)) for (const each of literalsIn(held)) add('hidden', each)
        for (const password of passwordsIn(held)) add('hidden', password)
      }
    },
    text,
    value,
  }
}

const shortest = 8
const envReference = /\$\{env\.([A-Za-z_]\w*)\}/g
const anyReference = /\$\{(?:env\.)?([A-Za-z_]\w*)\}/g

/** The last word says what a variable is: `KEY` and `MY_API_KEY`, not `KEY_FILE` or `AUTHOR`. */
function isSecretVariable(name: string): boolean {
  return /(key|token|secret|password|passwd|passphrase|credentials?|cookie|signature|dsn)s?$|(^|_)auth(orization)?$/i.test(
    name,
  )
}

/** Variables that any command may see. */
function isOrdinary(name: string): boolean {
  return ['PATH', 'HOME', 'LANG', 'TMPDIR', 'PWD', 'USER', 'SHELL'].includes(name)
}

/** A named value that is sent or handed on: a header or a variable. */
function isSecretPlace(path: string[]): boolean {
  const isHandedOn = path.includes('headers') || path.includes('env')
  return isHandedOn && /auth|key|token|secret|password|credential|cookie/i.test(path.at(-1) ?? '')
}

/** What stands there itself, with and without the scheme before it; references are none. */
function literalsIn(text: string): string[] {
  const literal = text.replaceAll(/\$\{[^}]*\}/g, '').trim()
  return [literal, literal.replace(/^(bearer|basic|token)\s+/i, '')]
}

function passwordsIn(text: string): string[] {
  return [...text.matchAll(/\b[a-z][\w+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/gi)].map(
    ([, password = '']) => password,
  )
}

/** A secret as it is, and as it stands in JSON and in addresses. */
function formsOf(secret: string): string[] {
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
  try {
    forms.push(decodeURIComponent(secret))
  } catch {
    // A per cent sign that encodes nothing.
  }
  return forms
}

/** The longest first: one secret may begin like another. */
function patternOf(secrets: string[]): RegExp {
  const sorted = secrets.sort((a, b) => b.length - a.length)
  const literals = sorted.map((secret) => secret.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return new RegExp(literals.join('|'), 'g')
}

function textsIn(value: unknown, path: string[] = []): { path: string[]; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, [...path, key]))
}
