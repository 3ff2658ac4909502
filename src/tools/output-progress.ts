import { toStorableText } from './storable.ts'

/** Shows output while it comes, in few pieces and never more than a person would read. */
export type OutputProgress = {
  append(text: string): void
  /** Shows what is left; nothing is shown afterwards. */
  end(): void
  /** Shows nothing any more. */
  drop(): void
}

/** Milliseconds that output is collected before it is shown. */
const interval = 100
/** Characters of one piece and of all. */
const mostAtOnce = 16 * 1024
const mostInAll = 128 * 1024

export function createOutputProgress(show: (text: string) => void): OutputProgress {
  let collected = ''
  let left = mostInAll
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (collected === '') return
    left -= collected.length
    show(toStorableText(collected) + (left > 0 ? '' : '\n[more output is not shown while it runs]'))
    collected = ''
  }

  return {
    append(text) {
      if (left <= 0) return
      collected += text.slice(0, left - collected.length)
      if (collected.length >= Math.min(mostAtOnce, left)) flush()
      else timer ??= setTimeout(flush, interval)
    },
    end() {
      flush()
      left = 0
    },
    drop() {
      clearTimeout(timer)
      collected = ''
      left = 0
    },
  }
}
