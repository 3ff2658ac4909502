export type IdPrefix = 'ses' | 'msg' | 'run' | 'call' | 'apr' | 'eli' | 'aud' | 'key'
export type Ids = { next(prefix: IdPrefix): string }

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const timeDigits = 10
const randomDigits = 16

/**
 * Ids that sort by their creation: a prefix and a ULID, 48 bits of time and 80 random ones. Those
 * made in the same millisecond count up, and a clock that goes back is not followed.
 */
export function createIds({
  now,
  random,
}: {
  /** Milliseconds since the epoch. */
  now: () => number
  /** That many random bytes. */
  random: (size: number) => Uint8Array
}): Ids {
  let time = -1
  let timeText = ''
  let digits = new Uint8Array(randomDigits)

  function setTime(at: number): void {
    time = at
    timeText = encodeTime(at)
  }

  return {
    next(prefix) {
      const at = Math.floor(now())
      if (at > time) {
        setTime(at)
        digits = random(randomDigits).map((byte) => byte & 31)
      } else if (!increment(digits)) setTime(time + 1)
      let text = `${prefix}_${timeText}`
      for (const digit of digits) text += alphabet[digit]
      return text
    },
  }
}

/** Counts up in base 32; false when that was the last and it begins again at 0. */
function increment(digits: Uint8Array): boolean {
  for (let index = digits.length - 1; index >= 0; index -= 1) {
    const digit = digits[index] ?? 0
    digits[index] = (digit + 1) & 31
    if (digit < 31) return true
  }
  return false
}

function encodeTime(time: number): string {
  let text = ''
  for (let rest = time, index = 0; index < timeDigits; index += 1) {
    text = alphabet[rest % 32] + text
    rest = Math.floor(rest / 32)
  }
  return text
}
