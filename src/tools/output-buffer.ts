/** Keeps the beginning and the end of a text that may be endless. */
export type OutputBuffer = {
  append(text: string): void
  /** What is kept, with a note where something is left out. */
  text(): string
  isCut(): boolean
}

/** `head` and `tail` are counts of characters. */
export function createOutputBuffer({ head, tail }: { head: number; tail: number }): OutputBuffer {
  let beginning = ''
  let ending: string[] = []
  let endingLength = 0
  let dropped = 0

  function trim(): void {
    let first = ending[0]
    while (first !== undefined && endingLength - first.length >= tail) {
      ending.shift()
      endingLength -= first.length
      dropped += first.length
      first = ending[0]
    }
    // Many small pieces are dear to keep and to shift.
    if (ending.length > 256) ending = [ending.join('')]
  }

  return {
    append(text) {
      const room = head - beginning.length
      if (room > 0) beginning += text.slice(0, room)
      const rest = room > 0 ? text.slice(room) : text
      if (rest === '') return
      ending.push(rest)
      endingLength += rest.length
      trim()
    },
    text() {
      const kept = ending.join('')
      const excess = Math.max(0, kept.length - tail)
      if (dropped + excess === 0) return beginning + kept
      return `${beginning}\n[… ${dropped + excess} characters are left out …]\n${kept.slice(excess)}`
    },
    isCut: () => dropped + Math.max(0, endingLength - tail) > 0,
  }
}
