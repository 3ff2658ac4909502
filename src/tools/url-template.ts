/**
 * A URL whose path and query hold places for arguments, `{name}` or `${name}`. What is filled in is
 * percent-encoded and stays where it is put: it can't change the host, the number of path segments
 * or the parameters.
 */
export type UrlTemplate = {
  /** The arguments that stand in it. */
  names: string[]
  /** Whatever is filled in. */
  origin: string
  /** Throws an Error when a value is missing or would change the path. */
  fill(values: Record<string, unknown>): URL
}

/** Throws an Error when the text is no http(s) URL or its host holds a place. */
export function compileUrlTemplate(text: string): UrlTemplate {
  const [, origin = '', path = '', query = ''] = parts.exec(text) ?? []
  const start = URL.parse(origin)
  if (!start || origin.includes('{')) {
    throw new Error(`"${text}" is no URL with arguments in its path or query`)
  }
  return {
    names: [...new Set([...text.matchAll(place)].map(([, name = '']) => name))],
    origin: start.origin,
    fill(values) {
      const segments = path.split('/').map((segment) => fillSegment(segment, values))
      return new URL(start.origin + segments.join('/') + fillText(query, values))
    },
  }
}

const parts = /^(https?:\/\/[^/?#]+)([^?#]*)(\?[^#]*)?/i
const place = /\$?\{([^{}/?#]+)\}/g

function fillSegment(segment: string, values: Record<string, unknown>): string {
  const filled = fillText(segment, values)
  if (filled === segment) return segment
  // The URL parser takes the encoded dot for a dot.
  const plain = filled.replaceAll(/%2e/gi, '.')
  if (plain === '' || plain === '.' || plain === '..') {
    throw new Error(`${segment} may not become "${plain}": that would be another path`)
  }
  return filled
}

function fillText(text: string, values: Record<string, unknown>): string {
  return text.replaceAll(place, (_whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined || value === null) throw new Error(`${name} is missing`)
    return encodeValue(value)
  })
}

function encodeValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(encodeValue).join(',')
  return encodeURIComponent(toText(value).toWellFormed())
}

/** A value as it stands in a URL or a header. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
