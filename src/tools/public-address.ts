import { BlockList, isIP } from 'node:net'

/**
 * Whether an IP address is global unicast: reachable on the public internet, and not this
 * machine, its network, its cloud's metadata, or a tunnel to one of these (RFC 6890 and the IANA
 * special-purpose registries).
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !special4.check(address, 'ipv4')
  if (family !== 6 || address.includes('%')) return false
  const embedded = nat64Address(address)
  if (embedded !== null) return isPublicAddress(embedded)
  return global6.check(address, 'ipv6') && !special6.check(address, 'ipv6')
}

const special4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
])

/** All that is given out for global unicast; mapped, local and multicast addresses are not in it. */
const global6 = blockList('ipv6', [['2000::', 3]])

const special6 = blockList('ipv6', [
  // Teredo, ORCHID and other protocol assignments.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 carries an IPv4 address that nobody checked.
  ['2002::', 16],
  ['3fff::', 20],
])

const nat64 = blockList('ipv6', [['64:ff9b::', 96]])

function blockList(family: 'ipv4' | 'ipv6', subnets: [string, number][]): BlockList {
  const list = new BlockList()
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family)
  return list
}

/** The IPv4 address that a NAT64 gateway would dial for an address under its well-known prefix. */
function nat64Address(address: string): string | null {
  if (!nat64.check(address, 'ipv6')) return null
  // The URL parser writes every notation in one form: hexadecimal groups, the longest zeros out.
  const compact = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [low, high] = compact.split(':').reverse()
  const bits = (Number.parseInt(high || '0', 16) * 0x10000 + Number.parseInt(low || '0', 16)) >>> 0
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
}
