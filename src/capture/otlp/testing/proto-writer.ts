/** A field: its number, its value, and its type where the value does not tell. */
export type Field = readonly [field: number, value: Buffer | string | bigint | number, type?: 'fixed64']

/** A protobuf message: text and bytes with their length, a `bigint` as varint (or fixed64), a number as double. */
export function message(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([field, value, type]) => {
      if (typeof value === 'number') {
        const double = Buffer.alloc(8)
        double.writeDoubleLE(value)
        return Buffer.concat([varint(BigInt(field * 8 + 1)), double])
      }
      if (typeof value === 'bigint') {
        if (type === undefined) return Buffer.concat([varint(BigInt(field * 8)), varint(value)])
        const fixed = Buffer.alloc(8)
        fixed.writeBigUInt64LE(value)
        return Buffer.concat([varint(BigInt(field * 8 + 1)), fixed])
      }
      const bytes = typeof value === 'string' ? Buffer.from(value) : value
      return Buffer.concat([varint(BigInt(field * 8 + 2)), varint(BigInt(bytes.length)), bytes])
    }),
  )
}

/** A request with these spans, or logs, in one scope. */
export function traceRequest(records: readonly Buffer[]): Buffer {
  const scope = message([[1, message([[1, 'test']])], ...records.map((record): Field => [2, record])])
  return message([[1, message([[2, scope]])]])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
