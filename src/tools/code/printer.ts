import { mostOutput } from './sandbox.ts'

export type Printer = {
  /** Whether there is room for more. */
  print(text: string): boolean
  flush(): void
}

/** Gathers what is printed into few pieces, and drops what is more than a call may print. */
export function createPrinter(send: (text: string) => void): Printer {
  let gathered = ''
  let left = mostOutput
  let nextSend = 0

  function flush() {
    if (gathered === '') return
    send(gathered)
    gathered = ''
    nextSend = performance.now() + 500
  }

  return {
    print(text) {
      if (left <= 0) return false
      gathered += text.slice(0, left)
      left -= text.length
      if (left <= 0) gathered += '\n[cut: the output is too long]\n'
      if (gathered.length >= 8192 || performance.now() >= nextSend) flush()
      return left > 0
    },
    flush,
  }
}
