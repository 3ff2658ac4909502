import { createMarkdownWriter } from './markdown-writer.ts'

/**
 * What a person would read on a page, as Markdown or as plain text: no scripts, styles or forms.
 * Takes time in proportion to the page, lets others run in between, and stops soon after `maximum`
 * characters; the text is one longer when something was cut.
 */
export async function htmlToText({
  html,
  base,
  format,
  maximum,
}: {
  html: string
  /** The page's address, which relative links start from. */
  base: string
  format: 'markdown' | 'text'
  maximum: number
}): Promise<string> {
  // Loaded on first use: most servers never convert a page.
  const { Parser } = await import('htmlparser2')
  const writer = createMarkdownWriter({ base, isPlain: format === 'text' })
  let depth = 0
  const parser = new Parser({
    onopentag(name, attributes) {
      depth += 1
      writer.open(name, attributes)
    },
    ontext: (text) => writer.text(text),
    onclosetag(name) {
      depth -= 1
      writer.close(name)
    },
  })
  const isOver = () => writer.length() > maximum || depth > deepest
  for (let at = 0; at < html.length && !isOver(); at += pieceLength) {
    parser.write(html.slice(at, at + pieceLength))
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  if (!isOver()) parser.end()
  return writer.result().slice(0, maximum + 1)
}

const pieceLength = 16 * 1024

/** No real page nests so far, and the parser's time grows with the square of it. */
const deepest = 2000
