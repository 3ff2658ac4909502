import { Problem } from '#contract/problem.ts'

/**
 * Without keys, a loopback address is safe only if no web page can reach it: the Host must be local
 * (a page that rebinds its name to 127.0.0.1 still sends its own), and the Origin one that may call.
 */
export function checkLoopback({
  host,
  origin,
  allows,
}: {
  host: string | undefined
  origin: string | undefined
  /** Whether pages of an origin may call. */
  allows: (origin: string) => boolean
}): void {
  if (host === undefined || !isLoopbackHost(host)) {
    throw new Problem(
      'forbidden',
      'This server answers on loopback only: address it as localhost or 127.0.0.1',
    )
  }
  if (origin !== undefined && !allows(origin)) {
    const hint = 'name their origin with --cors-origin'
    throw new Problem('forbidden', `Web pages of other hosts may not call this server; ${hint}`)
  }
}

/** An Origin header that names this machine, at any port. */
export function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/([^/?#@]+)$/.exec(origin)
  return match?.[1] !== undefined && isLoopbackHost(match[1])
}

/** A host, with or without a port, that can only be this machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    name === '::1' ||
    /^127(\.\d{1,3}){3}$/.test(name)
  )
}
