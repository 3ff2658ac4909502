export type TextEdit = { old_text: string; new_text: string }

/** A text after its edits, one after the other; or what is wrong with the first that does not fit. */
export function applyEdits(
  text: string,
  edits: TextEdit[],
): { text: string; lines: number[] } | { fault: string } {
  let edited = text
  const lines: number[] = []
  for (const [index, edit] of edits.entries()) {
    const { old_text, new_text } = withLineEndingsOf(edited, edit)
    const fault = faultOf(edited, old_text, new_text)
    if (fault) return { fault: `edits[${index}]: ${fault} Nothing was written.` }
    const at = edited.indexOf(old_text)
    lines.push(lineAt(edited, at))
    edited = edited.slice(0, at) + new_text + edited.slice(at + old_text.length)
  }
  return { text: edited, lines }
}

/** Models write `\n`; in a file with `\r\n` that is meant to match too. */
function withLineEndingsOf(text: string, edit: TextEdit): TextEdit {
  if (!text.includes('\r\n') || edit.old_text.includes('\r')) return edit
  const toWindows = (part: string) => part.replace(/\r?\n/g, '\r\n')
  return { old_text: toWindows(edit.old_text), new_text: toWindows(edit.new_text) }
}

function faultOf(text: string, oldText: string, newText: string): string | null {
  if (oldText === newText) return 'old_text and new_text are the same.'
  const first = text.indexOf(oldText)
  if (first < 0) return `old_text is not in the file.${hintOf(text, oldText)}`
  const second = text.indexOf(oldText, first + 1)
  if (second < 0) return null
  const lines = [lineAt(text, first), lineAt(text, second)]
  return `old_text is in the file more than once (lines ${lines.join(' and ')}); add lines around it until it is unique.`
}

function lineAt(text: string, position: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) {
    line += 1
  }
  return line
}

const mostLines = 20_000
const longestLine = 200

function hintOf(text: string, oldText: string): string {
  const wanted = oldText.split('\n').find((line) => line.trim() !== '')
  const closest = wanted === undefined ? null : closestLine(text, wanted)
  if (!closest) return ' Read the file again and copy the text exactly.'
  return ` The closest line is ${closest.number}: ${JSON.stringify(closest.text)}. Copy it exactly, with its spaces.`
}

function closestLine(text: string, wanted: string): { number: number; text: string } | null {
  const pairs = pairsOf(wanted)
  let best: { number: number; text: string } | null = null
  let bestLikeness = 0.4
  for (const [index, line] of text.split('\n', mostLines).entries()) {
    const likeness = likenessOf(pairs, pairsOf(line))
    if (likeness <= bestLikeness) continue
    bestLikeness = likeness
    best = { number: index + 1, text: line.slice(0, longestLine).replace(/\r$/, '') }
  }
  return best
}

function pairsOf(line: string): Set<string> {
  const text = line.slice(0, longestLine).trim().replace(/\s+/g, ' ')
  const pairs = new Set<string>()
  for (let index = 0; index < text.length; index += 1) pairs.add(text.slice(index, index + 2))
  return pairs
}

/** The Dice coefficient: 1 for equal sets, 0 for nothing in common. */
function likenessOf(a: Set<string>, b: Set<string>): number {
  if (a.size + b.size === 0) return 0
  let common = 0
  for (const pair of a) if (b.has(pair)) common += 1
  return (2 * common) / (a.size + b.size)
}
