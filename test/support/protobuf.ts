/** One field of a message in protobuf's wire format: a number, or the bytes of something inside. */
export type Field = { number: number; value?: bigint; bytes?: Uint8Array }

/** The fields of a message in their order; throws when it is cut off. */
export function fieldsOf(message: Uint8Array): Field[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const fields: Field[] = []
  let at = 0

  function varint(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at)
      at += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  function take(length: number): Uint8Array {
    if (at + length > message.length) throw new Error('a field is cut off')
    at += length
    return message.subarray(at - length, at)
  }

  while (at < message.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    switch (tag & 7) {
      case 0:
        fields.push({ number, value: varint() })
        break
      case 1:
        take(8)
        fields.push({ number, value: view.getBigUint64(at - 8, true) })
        break
      case 2:
        fields.push({ number, bytes: take(Number(varint())) })
        break
      case 5:
        take(4)
        fields.push({ number, value: BigInt(view.getUint32(at - 4, true)) })
        break
      default:
        throw new Error(`no wire type ${tag & 7}`)
    }
  }
  return fields
}
