/** A parameter as the text that Postgres reads for any type. */
export function toText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (value === null) return null
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value)
  }
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `{${value.map(toElement).join(',')}}`
  throw new TypeError(`A statement cannot take ${typeof value} as a parameter; pass JSON as text`)
}

function toElement(value: unknown): string {
  const text = toText(value)
  if (text === null) return 'NULL'
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** By type oid, how the text of a column becomes a value; other types stay text. */
export const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  20: Number,
  21: Number,
  23: Number,
  26: Number,
  114: JSON.parse,
  700: Number,
  701: Number,
  1009: toTexts,
  1184: toIsoTime,
  3802: JSON.parse,
}

/** The session's time zone is UTC and its date style ISO: `2026-01-31 12:00:00.123456+00`. */
function toIsoTime(text: string): string {
  if (!text.endsWith('+00') || text[10] !== ' ') return new Date(text).toISOString()
  const fraction = text[19] === '.' ? text.slice(20, -3).slice(0, 3) : ''
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0')}Z`
}

/** One dimension of text: `{plain,"quoted \"text\"",NULL}`. */
function toTexts(text: string): (string | null)[] {
  const elements = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)
  return Array.from(elements, ([, quoted, plain]) => {
    if (quoted !== undefined) return quoted.replaceAll(/\\(.)/gs, '$1')
    return plain === 'NULL' || plain === undefined ? null : plain
  })
}
