const replacement = '\ufffd'

export type TextCollector = {
  /** Keeps a piece and returns what of it can be shown now. */
  add(piece: string): string
  /** What was held back, once no more will come. */
  rest(): string
  /** Everything that was shown. */
  text(): string
}

/**
 * Collects streamed text and keeps it well formed: lone surrogates and U+0000 become U+FFFD. A high
 * surrogate at the end of a piece waits for the next one, which may bring its other half.
 */
export function createTextCollector(): TextCollector {
  let held = ''
  let whole = ''
  let pieces: string[] = []

  function keep(shown: string): string {
    pieces.push(shown)
    // A piece is a slice of its network chunk and keeps all of it alive; joining copies.
    if (pieces.length === 64) flatten()
    return shown
  }

  function flatten(): void {
    whole += pieces.join('')
    pieces = []
  }

  return {
    add(piece) {
      let text = held === '' ? piece : held + piece
      held = ''
      if (isHighSurrogate(text.charCodeAt(text.length - 1))) {
        held = text.slice(-1)
        text = text.slice(0, -1)
      }
      return text === '' ? '' : keep(toStorableText(text))
    },
    rest() {
      if (held === '') return ''
      held = ''
      return keep(replacement)
    },
    text() {
      flatten()
      return whole
    },
  }
}

/** Replaces what Postgres cannot store as text or jsonb. */
export function toStorableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed()
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', replacement) : wellFormed
}

/** The same for all strings and keys in a JSON value. */
export function toStorableValue(value: unknown): unknown {
  if (typeof value === 'string') return toStorableText(value)
  if (Array.isArray(value)) return value.map(toStorableValue)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, v]) => [toStorableText(key), toStorableValue(v)]))
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
