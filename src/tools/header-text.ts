const reference = /\$\{(env|headers)\.([A-Za-z_][\w-]*)\}/g

/** The headers of the caller's request that these texts ask for, in lower case. */
export function headersAskedFor(texts: string[]): string[] {
  const names = texts.flatMap((text) =>
    [...text.matchAll(reference)].flatMap(([, kind, name = '']) =>
      kind === 'headers' ? [name.toLowerCase()] : [],
    ),
  )
  return [...new Set(names)].sort()
}

/**
 * Headers or variables with values in place of `${env.NAME}` and `${headers.NAME}`; what lacks a
 * header of the caller's is left out. Throws an Error that names a variable which is not set.
 */
export function fillInAll(
  entries: Record<string, string>,
  environment: Record<string, string | undefined>,
  headers: Record<string, string> = {},
): Record<string, string> {
  const filled = Object.entries(entries).flatMap(([name, text]) => {
    const value = fillIn(text, environment, headers)
    return value === null ? [] : [[name, value]]
  })
  return Object.fromEntries(filled)
}

/** `${NAME}` of the existing format's variables means `${env.NAME}`. */
export function withOwnReferences(variables: Record<string, string>): Record<string, string> {
  const entries = Object.entries(variables).map(([name, text]) => [
    name,
    text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, '${env.$1}'),
  ])
  return Object.fromEntries(entries)
}

/** The values that these texts ask for, by their names: what may not be shown. */
export function secretsIn(
  texts: string[],
  environment: Record<string, string | undefined>,
  headers: Record<string, string> = {},
): Map<string, string> {
  const secrets = new Map<string, string>()
  for (const [, kind, name = ''] of texts.flatMap((text) => [...text.matchAll(reference)])) {
    const value = kind === 'env' ? environment[name] : headers[name.toLowerCase()]
    if (value) secrets.set(name, value)
  }
  return secrets
}

/** null for a text that asks for a header which the caller did not send. */
function fillIn(
  text: string,
  environment: Record<string, string | undefined>,
  headers: Record<string, string> = {},
): string | null {
  let isMissing = false
  const filled = text.replaceAll(reference, (_whole, kind: string, name: string) => {
    const value = kind === 'env' ? environment[name] : headers[name.toLowerCase()]
    if (value === undefined && kind === 'env') {
      throw new Error(`the environment variable ${name} is not set`)
    }
    if (value === undefined) isMissing = true
    return value ?? ''
  })
  return isMissing ? null : filled
}
