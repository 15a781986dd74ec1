/** Bytes that are not the protobuf message they should be. */
export class ProtoError extends Error {
  override readonly name = 'ProtoError'
}

/** How a field is encoded: https://protobuf.dev/programming-guides/encoding/ */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/**
 * Reads the fields of protobuf messages out of one buffer, without copying: `next()` moves to a field, and one of the
 * readers takes its value, else it is skipped. Never reads behind the end of its message, and always moves on, so that any
 * bytes are done in linear time. Throws a `ProtoError`.
 */
export class ProtoReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  /** Number of the field. */
  field = 0
  wire = 0
  #taken = true

  constructor(bytes: Buffer, from = 0, until = bytes.length) {
    this.#bytes = bytes
    this.#at = from
    this.#end = until
  }

  /** Another reader of the rest of this message. */
  copy(): ProtoReader {
    return new ProtoReader(this.#bytes, this.#at, this.#end)
  }

  /** Bytes of the message that are not read yet. */
  get left(): number {
    return this.#end - this.#at
  }

  /** Moves to the next field; `false` at the end of the message. */
  next(): boolean {
    if (!this.#taken) this.#skip()
    if (this.#at >= this.#end) return false
    const tag = this.#small()
    this.field = tag >>> 3
    this.wire = tag & 7
    if (this.field === 0) throw new ProtoError('a field has the number 0')
    this.#taken = false
    return true
  }

  /** Whether the field is of this type. One of another type is skipped, as unknown fields are. */
  is(wire: number): boolean {
    return this.wire === wire
  }

  message(): ProtoReader {
    const [from, until] = this.range()
    return new ProtoReader(this.#bytes, from, until)
  }

  text(): string {
    const [from, until] = this.range()
    return this.#bytes.toString('utf8', from, until)
  }

  hex(): string {
    const [from, until] = this.range()
    return this.#bytes.toString('hex', from, until)
  }

  base64(): string {
    const [from, until] = this.range()
    return this.#bytes.toString('base64', from, until)
  }

  /** An enum, a count, a truth: what fits into 32 bits. */
  uint32(): number {
    this.#taken = true
    return this.#small()
  }

  int64(): bigint {
    this.#taken = true
    return BigInt.asIntN(64, this.#varint())
  }

  /** An `int64` that is mostly small; a `bigint` only where it must be. */
  integer(): number | bigint {
    const start = this.#at
    let value = 0
    let factor = 1
    // Seven bytes are 49 bits: a number holds them.
    for (let at = start; at < start + 7 && at < this.#end; at++) {
      const byte = this.#bytes[at] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) {
        this.#at = at + 1
        this.#taken = true
        return value
      }
      factor *= 128
    }
    return this.int64()
  }

  fixed64(): bigint {
    const at = this.#forward(8)
    return this.#bytes.readBigUInt64LE(at)
  }

  double(): number {
    const at = this.#forward(8)
    return this.#bytes.readDoubleLE(at)
  }

  #skip(): void {
    switch (this.wire) {
      case wireTypes.varint:
        this.#varint()
        break
      case wireTypes.fixed64:
        this.#forward(8)
        break
      case wireTypes.bytes:
        this.range()
        break
      case wireTypes.fixed32:
        this.#forward(4)
        break
      default:
        throw new ProtoError(`a field has the wire type ${this.wire}`)
    }
    this.#taken = true
  }

  #forward(length: number): number {
    const at = this.#at
    if (at + length > this.#end) throw new ProtoError('the message ends in the middle of a field')
    this.#at = at + length
    this.#taken = true
    return at
  }

  /** Where the bytes of the field stand. */
  range(): readonly [from: number, until: number] {
    const length = this.#small()
    const from = this.#forward(length)
    return [from, from + length]
  }

  #small(): number {
    const first = this.#bytes[this.#at] ?? 0
    if (first < 0x80 && this.#at < this.#end) {
      this.#at++
      return first
    }
    const value = this.#varint()
    if (value > 0xffff_ffffn) throw new ProtoError('a length or tag is larger than 32 bits')
    return Number(value)
  }

  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= this.#end) throw new ProtoError('the message ends in the middle of a number')
      const byte = this.#bytes[this.#at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new ProtoError('a number is longer than 64 bits')
  }
}
