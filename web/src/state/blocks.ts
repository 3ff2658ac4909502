/**
 * Markdown in pieces that can be shown one by one, so that a long answer on its way is not parsed
 * again for each word: only the last piece grows. Cut at blank lines outside of code fences, lists,
 * quotes and indented text.
 */
export function splitBlocks(markdown: string): string[] {
  const blocks: string[] = []
  let current: string[] = []
  let fence: string | undefined
  for (const line of markdown.split('\n')) {
    if (fence === undefined && isBoundary(current, line)) {
      blocks.push(current.join('\n'))
      current = []
    }
    current.push(line)
    fence = fenceAfter(fence, line)
  }
  blocks.push(current.join('\n'))
  return blocks
}

/** A blank line came before, and this line begins something new at the margin. */
function isBoundary(current: readonly string[], line: string): boolean {
  if (current.at(-1)?.trim() !== '' || line.trim() === '') return false
  if (!/^[^\s>]/.test(line)) return false
  const opening = current.find((other) => other.trim() !== '') ?? ''
  return !(isListItem(line) && isListItem(opening))
}

function isListItem(line: string): boolean {
  return /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/.test(line)
}

function fenceAfter(fence: string | undefined, line: string): string | undefined {
  const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line)
  if (!mark) return fence
  const [, marks = '', rest = ''] = mark
  if (fence === undefined) return marks
  const closes = marks.startsWith(fence) && rest.trim() === ''
  return closes ? undefined : fence
}
