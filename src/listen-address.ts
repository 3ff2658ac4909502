import { BlockList, isIP } from 'node:net'

export type ListenAddress = { host: string; port: number }

/** `host:port`, `:port` and `port` (both on 127.0.0.1), `[ipv6]:port`; undefined when it is none. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const [, ipv6, name, digits] = match
  const port = Number(digits)
  if (port > 65535) return undefined
  if (ipv6 !== undefined) return isIP(ipv6) === 6 ? { host: ipv6, port } : undefined
  const host = name || '127.0.0.1'
  const isAddress = isIP(host) === 4 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(host)
  // All digits and dots but no address: a slip, and no name that resolves.
  if (!isAddress || (/^[\d.]+$/.test(host) && isIP(host) === 0)) return undefined
  return { host, port }
}

/** Whether only programs on this machine can connect. Names other than localhost may change. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  const family = isIP(host)
  if (family === 0) return false
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

/** As it is written in URLs. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}
