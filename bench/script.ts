/**
 * What the model does with a request. It stands in the last user message, so that it takes the same
 * way through a relay and through an agent server.
 */
export type Script = {
  /** Tokens of the answer. */
  tokens: number
  /** Milliseconds from one token to the next; 0 sends as fast as the socket takes them. */
  every: number
  /** Milliseconds from the request to the first token. */
  first: number
  /** The first request of the conversation is answered with one call of the `think` tool. */
  tool: boolean
  /**
   * stamped: each token carries its index and when it was sent; counted: its index; words: plain
   * English words; mixed: quotes, escapes, line ends, several scripts, and its index.
   */
  text: 'stamped' | 'counted' | 'words' | 'mixed'
}

const PATTERN =
  /bench:tokens=(\d+),every=([\d.]+),first=([\d.]+),tool=([01]),text=(stamped|counted|words|mixed);/

export function toInstruction(script: Script): string {
  const { tokens, every, first, tool, text } = script
  return `bench:tokens=${tokens},every=${every},first=${first},tool=${tool ? 1 : 0},text=${text};`
}

/** The script of the last instruction in a request's body, and where it stands; null without one. */
export function scriptFromBody(body: string): { script: Script; at: number } | null {
  const at = body.lastIndexOf('bench:tokens=')
  if (at === -1) return null
  const match = PATTERN.exec(body.slice(at, at + 200))
  if (!match) return null
  const [, tokens, every, first, tool, text] = match
  return {
    script: {
      tokens: Number(tokens),
      every: Number(every),
      first: Number(first),
      tool: tool === '1',
      text: text as Script['text'],
    },
    at,
  }
}

/** The text of a token whose content doesn't depend on the time. */
export function tokenText(text: Exclude<Script['text'], 'stamped'>, index: number): string {
  if (text === 'counted') return `${index.toString(36)};`
  if (text === 'words') return `${WORDS[index % WORDS.length]} `
  return `${MIXED[index % MIXED.length]}${index} `
}

/** The whole answer of such a script. */
export function answerText(script: Script): string {
  const { text, tokens } = script
  if (text === 'stamped') throw new Error('A stamped answer depends on when it is sent')
  return Array.from({ length: tokens }, (_, index) => tokenText(text, index)).join('')
}

const WORDS =
  'the run of a session is kept in rows and read again from any one of them so no part gets lost when it stops'.split(
    ' ',
  )

const MIXED = [
  '"',
  '\\',
  '\n',
  '\r\n',
  '\t',
  '</script>',
  'é',
  'ß',
  '日本',
  'עברית',
  '👩‍🚀',
  '\u2028',
  '{}',
  'data: ',
]
