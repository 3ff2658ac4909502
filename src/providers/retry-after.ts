type Headers = Record<string, string | string[] | undefined>

/**
 * Milliseconds to wait, from `retry-after-ms` or `Retry-After` as seconds or as a date; undefined
 * when neither says anything that can be understood.
 */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const milliseconds = numberOf(headers['retry-after-ms'])
  if (milliseconds !== undefined) return Math.ceil(milliseconds)
  const seconds = numberOf(headers['retry-after'])
  if (seconds !== undefined) return Math.ceil(seconds * 1000)
  const text = firstOf(headers['retry-after']) ?? ''
  // Date.parse takes many things for a date; a Retry-After has a month's name in it.
  const date = /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function numberOf(header: string | string[] | undefined): number | undefined {
  const text = firstOf(header) ?? ''
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) return undefined
  return Number(text)
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return (Array.isArray(header) ? header[0] : header)?.trim()
}
