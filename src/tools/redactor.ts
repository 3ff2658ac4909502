/** Takes secrets out of a text that comes in pieces. */
export type Redactor = {
  /** The text so far, less an ending that may be the beginning of a secret. */
  push(text: string): string
  /** What was held back. */
  end(): string
}

/** Shorter values are no secrets, and stand in many a text by chance. */
const shortest = 6

/** `secrets` are values by the names that are shown in their place. */
export function createRedactor(secrets: Map<string, string>): Redactor {
  const known = [...secrets].filter(([, value]) => value.length >= shortest)
  const longest = Math.max(0, ...known.map(([, value]) => value.length))
  let held = ''

  function heldLength(text: string): number {
    for (let length = Math.min(longest - 1, text.length); length > 0; length -= 1) {
      const ending = text.slice(-length)
      if (known.some(([, value]) => value.startsWith(ending))) return length
    }
    return 0
  }

  return {
    push(text) {
      let all = held + text
      for (const [name, value] of known) all = all.replaceAll(value, `[${name}]`)
      const length = heldLength(all)
      held = length === 0 ? '' : all.slice(-length)
      return length === 0 ? all : all.slice(0, -length)
    },
    end() {
      const rest = held
      held = ''
      return rest
    },
  }
}
