/** Writes Markdown, or plain text, from the tags and texts of a page as they come. */
export type MarkdownWriter = {
  open(name: string, attributes: Record<string, string>): void
  text(text: string): void
  close(name: string): void
  /** Characters written so far. */
  length(): number
  result(): string
}

export function createMarkdownWriter({
  base,
  isPlain,
}: {
  base: string
  isPlain: boolean
}): MarkdownWriter {
  const pieces: string[] = []
  const lists: { isOrdered: boolean; items: number }[] = []
  const spans: Span[] = []
  let written = 0
  let lineBreaks = 0
  let hasSpace = false
  /** What the next text begins with: the mark of a heading or an item. */
  let prefix = ''
  let silent = 0
  let preformatted = 0
  let quotes = 0
  let cells = 0
  let rows = 0

  function open(name: string, attributes: Record<string, string>): void {
    if (silentTags.has(name)) silent += 1
    if (silent > 0) return
    if (blockTags.has(name)) breakBlock()
    switch (name) {
      case 'br':
        breakLine(1)
        break
      case 'hr':
        if (!isPlain) mark('---')
        breakBlock()
        break
      case 'ul':
      case 'ol':
        breakLine(lists.length === 0 ? 2 : 1)
        lists.push({ isOrdered: name === 'ol', items: 0 })
        break
      case 'li':
        openItem()
        break
      case 'blockquote':
        quotes += 1
        break
      case 'pre':
        preformatted += 1
        if (!isPlain) mark('```\n')
        break
      case 'table':
        rows = 0
        break
      case 'tr':
        cells = 0
        breakLine(1)
        break
      case 'td':
      case 'th':
        cells += 1
        mark(cells === 1 ? '| ' : ' | ')
        break
      case 'img':
        if (attributes.alt && !isPlain) text(`![${attributes.alt}]`)
        break
      default:
        if (isHeading(name)) openHeading(name)
        else if (spanTags.has(name)) spans.push(toSpan({ name, attributes, base, hasMarks }))
    }
  }

  function close(name: string): void {
    if (silentTags.has(name)) silent = Math.max(0, silent - 1)
    if (silent > 0) return
    switch (name) {
      case 'ul':
      case 'ol':
        lists.pop()
        breakLine(lists.length === 0 ? 2 : 1)
        break
      case 'li':
        prefix = ''
        break
      case 'blockquote':
        quotes = Math.max(0, quotes - 1)
        break
      case 'pre':
        closePreformatted()
        break
      case 'tr':
        closeRow()
        break
      default:
        if (isHeading(name)) prefix = ''
        if (spanTags.has(name)) closeSpan(name)
    }
    if (blockTags.has(name)) breakBlock()
  }

  function text(content: string): void {
    if (silent > 0 || content === '') return
    if (preformatted > 0) {
      startText()
      push(content)
      return
    }
    const words = content.replace(/\s+/g, ' ')
    if (words.startsWith(' ')) hasSpace = true
    const trimmed = words.trim()
    if (trimmed === '') return
    startText()
    push(trimmed)
    hasSpace = words.endsWith(' ')
  }

  function startText(): void {
    startLine()
    const firstClosed = spans.findLastIndex((span) => span.isOpen) + 1
    for (const span of spans.slice(firstClosed)) {
      push(span.start)
      span.isOpen = true
    }
  }

  function startLine(): void {
    const quote = isPlain ? '' : '> '.repeat(Math.min(quotes, deepest))
    if (lineBreaks > 0) push(`${`\n${quote.trimEnd()}`.repeat(lineBreaks - 1)}\n${quote}`)
    else if (written === 0) push(quote)
    else if (hasSpace && !pieces.at(-1)?.endsWith(' ')) push(' ')
    push(prefix)
    lineBreaks = 0
    hasSpace = false
    prefix = ''
  }

  function mark(piece: string): void {
    startLine()
    push(piece)
  }

  function push(piece: string): void {
    if (piece === '') return
    pieces.push(piece)
    written += piece.length
  }

  /** At least so many line breaks before what comes next. A table's cell stays on its line. */
  function breakLine(count: number): void {
    if (cells > 0) hasSpace = true
    if (cells > 0 || prefix !== '') return
    if (written > 0) lineBreaks = Math.max(lineBreaks, count)
    hasSpace = false
  }

  function breakBlock(): void {
    breakLine(2)
  }

  function hasMarks(): boolean {
    return !isPlain && preformatted === 0
  }

  function openHeading(name: string): void {
    if (!isPlain) prefix = `${'#'.repeat(Number(name.charAt(1)))} `
  }

  function openItem(): void {
    const list = lists.at(-1) ?? { isOrdered: false, items: 0 }
    list.items += 1
    prefix = ''
    breakLine(1)
    const indent = '  '.repeat(Math.min(Math.max(lists.length - 1, 0), deepest))
    prefix = `${indent}${list.isOrdered ? `${list.items}.` : '-'} `
  }

  function closeSpan(name: string): void {
    const index = spans.findLastIndex((span) => span.name === name)
    const [span] = index < 0 ? [] : spans.splice(index, 1)
    if (span?.isOpen) push(span.end)
  }

  function closePreformatted(): void {
    preformatted = Math.max(0, preformatted - 1)
    if (!isPlain) push(pieces.at(-1)?.endsWith('\n') ? '```' : '\n```')
  }

  function closeRow(): void {
    if (cells > 0) push(' |')
    rows += 1
    if (cells > 0 && rows === 1 && !isPlain) push(`\n|${' --- |'.repeat(cells)}`)
    cells = 0
    breakLine(1)
  }

  return { open, text, close, length: () => written, result: () => pieces.join('').trim() }
}

function isHeading(name: string): boolean {
  return /^h[1-6]$/.test(name)
}

const deepest = 8

/** What is never shown as text. */
const silentTags = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'svg',
  'math',
  'iframe',
  'object',
  'canvas',
  'head',
  'select',
  'button',
])

const blockTags = new Set([
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'address',
  'article',
  'aside',
  'blockquote',
  'dd',
  'div',
  'dl',
  'dt',
  'fieldset',
  'figcaption',
  'figure',
  'footer',
  'form',
  'header',
  'hr',
  'main',
  'nav',
  'p',
  'pre',
  'section',
  'table',
])

const spanTags = new Set(['a', 'b', 'strong', 'i', 'em', 'code', 'kbd', 'samp', 'del', 's'])

/** A stretch of text with marks around it, which are written only when there is text. */
type Span = { name: string; start: string; end: string; isOpen: boolean }

function toSpan({
  name,
  attributes,
  base,
  hasMarks,
}: {
  name: string
  attributes: Record<string, string>
  base: string
  hasMarks(): boolean
}): Span {
  if (!hasMarks()) return { name, start: '', end: '', isOpen: false }
  if (name === 'a') {
    const target = linkTarget(attributes.href, base)
    return target
      ? { name, start: '[', end: `](${target})`, isOpen: false }
      : { name, start: '', end: '', isOpen: false }
  }
  const mark = marks[name] ?? ''
  return { name, start: mark, end: mark, isOpen: false }
}

const marks: Record<string, string> = {
  b: '**',
  strong: '**',
  i: '*',
  em: '*',
  code: '`',
  kbd: '`',
  samp: '`',
  del: '~~',
  s: '~~',
}

function linkTarget(href: string | undefined, base: string): string | null {
  if (!href || href.startsWith('#')) return null
  const url = URL.parse(href, base)
  if (!url || !['http:', 'https:', 'mailto:'].includes(url.protocol)) return null
  return url.href.slice(0, 2000).replaceAll(')', '%29')
}
