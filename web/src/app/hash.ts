/** Where the page is: the part of the address behind `#`, so that a reload finds it at any mount. */
export type Place = {
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

export function parseHash(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  return {
    path: path.startsWith('/') ? path : `/${path}`,
    query: Object.fromEntries(new URLSearchParams(query)),
  }
}

export function toHash({ path, query = {} }: { path: string; query?: Place['query'] }): string {
  const text = new URLSearchParams(query).toString()
  return `#${path}${text ? `?${text}` : ''}`
}

/** The values of a pattern such as `/sessions/:session`; null when the path is another one. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  if (wanted.length !== given.length) return null
  const values: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const text = decode(given[index] ?? '')
    if (part.startsWith(':')) values[part.slice(1)] = text
    else if (part !== text) return null
  }
  return values
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
