import { expect, test } from 'vitest'
import { callerAddress } from '#http/limits-address.ts'

const direct: [string, string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
]

test.each(direct)('a caller at %s counts as %s', (socketAddress, caller) => {
  const forwardedFor = '198.51.100.7'
  expect(callerAddress({ socketAddress, forwardedFor, trustProxy: false })).toBe(caller)
})

const forwarded: [string | undefined, string][] = [
  ['198.51.100.7', '198.51.100.7'],
  ['10.0.0.1, 198.51.100.7', '198.51.100.7'],
  ['198.51.100.7:4711', '198.51.100.7'],
  ['[2001:db8:1:2::5]:4711', '2001:db8:1:2::/64'],
  ['198.51.100.7, unknown', '192.0.2.1'],
  ['', '192.0.2.1'],
  [undefined, '192.0.2.1'],
]

test.each(forwarded)('behind a trusted proxy, X-Forwarded-For %s counts as %s', (entry, caller) => {
  const request = { socketAddress: '192.0.2.1', forwardedFor: entry, trustProxy: true }
  expect(callerAddress(request)).toBe(caller)
})
