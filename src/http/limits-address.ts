import { isIP } from 'node:net'

/**
 * The address that a caller is counted by: an IPv4 address, or the /64 of an IPv6 one, which is
 * what one customer of a network has. Behind a proxy that is trusted it is the last entry of
 * X-Forwarded-For: the one that the proxy wrote; whatever stands before it, the caller may have.
 */
export function callerAddress({
  socketAddress,
  forwardedFor,
  trustProxy,
}: {
  socketAddress: string | undefined
  forwardedFor: string | undefined
  trustProxy: boolean
}): string {
  const hop = trustProxy ? lastHop(forwardedFor) : undefined
  return toNetwork(hop ?? socketAddress ?? 'unknown')
}

function lastHop(forwardedFor: string | undefined): string | undefined {
  const entry = forwardedFor?.split(',').at(-1)?.trim() ?? ''
  // Some proxies add the port: 192.0.2.1:4711 or [2001:db8::1]:4711.
  const bare = /^\[(.+)\](?::\d+)?$/.exec(entry)?.[1] ?? entry.replace(/^([\d.]+):\d+$/, '$1')
  return isIP(bare) === 0 ? undefined : bare
}

function toNetwork(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (isIP(address) !== 6) return address
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`
}

/** The eight groups of an IPv6 address, as short as they can be written. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const groups = (part: string) => part.split(':').filter((group) => group !== '')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const all = tail === undefined ? before : [...before, ...zeros, ...after]
  return all.map((group) => Number.parseInt(group, 16).toString(16))
}
